import {
  Comment,
  type CommentDisplayPart,
  CommentTag,
  type DeclarationReflection,
  type ProjectReflection,
  type Reflection,
  ReflectionKind,
} from "typedoc";

/** Before the reference is written: each thing is said once, in its place, and as a text says it. */
export function tidy(project: ProjectReflection): void {
  for (const declaration of project.getReflectionsByKind(ReflectionKind.All) as DeclarationReflection[]) {
    if (declaration.inheritedFrom) project.removeReflection(declaration);
    declaration.overwrites = undefined;
  }
  const classes = project.getReflectionsByKind(ReflectionKind.Class);
  const classNamed = new Map(classes.map((each) => [each.name, each]));
  for (const { comment } of Object.values(project.reflections)) {
    if (!comment) continue;
    tellDefault(comment);
    listErrors(comment, classNamed);
  }
}

/** Modules as package.json has them, what is in them by name. Members stay as they were written. */
export function order(project: ProjectReflection, sources: string[]): void {
  const place = (module: Reflection) => sources.indexOf(project.getSymbolIdFromReflection(module)?.fileName ?? "");
  const name = (member: Reflection) => member.name.toLowerCase();
  for (const { children } of project.groups ?? []) children.sort((one, other) => place(one) - place(other));
  for (const module of project.getReflectionsByKind(ReflectionKind.Module) as DeclarationReflection[])
    for (const { children } of module.groups ?? [])
      children.sort((one, other) => (name(one) < name(other) ? -1 : Number(name(one) > name(other))));
}

/** The default as the last line of the text, not as a heading and a block of code. */
function tellDefault(comment: Comment): void {
  const tag = comment.getTag("@default");
  if (!tag) return;
  comment.removeTags("@default");
  // What begins with a brace was taken for a type.
  const text = [tag.typeAnnotation ?? "", ...tag.content.map((part) => part.text)].join("").trim();
  if (!text) throw new Error(`an empty @default in "${Comment.combineDisplayParts(comment.summary)}"`);
  const code = /^("[^"]*"|\d+|true|false|Infinity|\{.*\})$/.test(text);
  comment.summary.push({ kind: "text", text: `\n\n**Default:** ${code ? `\`${text}\`` : text}` });
}

/** One list of the errors, each with a link to its class. */
function listErrors(comment: Comment, classNamed: Map<string, Reflection>): void {
  const tags = comment.getTags("@throws");
  if (tags.length === 0) return;
  comment.removeTags("@throws");
  const items = tags.flatMap(({ typeAnnotation = "{}", content }): CommentDisplayPart[] => {
    const name = typeAnnotation.slice(1, -1);
    const target = classNamed.get(name);
    const error: CommentDisplayPart[] = target
      ? [{ kind: "inline-tag", tag: "@link", text: name, target }]
      : [{ kind: "text", text: name && `\`${name}\`` }];
    return [{ kind: "text", text: "\n- " }, ...error, { kind: "text", text: name && " " }, ...content];
  });
  const example = comment.blockTags.findIndex(({ tag }) => tag === "@example");
  comment.blockTags.splice(example < 0 ? comment.blockTags.length : example, 0, new CommentTag("@throws", items));
}
