import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { INTERNAL } from "../../scripts/internal-names.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const adapters = ["command", "ioredis", "memory", "node-redis", "upstash"].map((name) => `adapters/${name}.ts`);
const subpaths = ["decorators", "diagnostics", "otel", "quorum", "single-flight", "testing"].map(
  (name) => `src/${name}.ts`,
);
const entries = ["src/index.ts", ...subpaths, "test/conformance/index.ts", ...adapters].map((file) => root + file);
const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();
const ours = (node: ts.Node) => !node.getSourceFile().isDeclarationFile;

/** Every name of a property that a caller can read or write, however deep. */
function publicNames(): Set<string> {
  const names = new Set<string>();
  const seen = new Set<ts.Type>();

  function visit(type: ts.Type): void {
    if (seen.has(type)) return;
    seen.add(type);
    if (type.isUnionOrIntersection()) for (const part of type.types) visit(part);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      visit(signature.getReturnType());
      for (const parameter of signature.getParameters()) visit(checker.getTypeOfSymbol(parameter));
    }
    for (const argument of checker.getTypeArguments(type as ts.TypeReference) ?? []) visit(argument);
    for (const property of type.isUnion() ? [] : type.getProperties()) {
      if (!property.declarations?.some(ours)) continue;
      names.add(property.name);
      visit(checker.getTypeOfSymbol(property));
    }
  }

  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.Node) as ts.Symbol;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & ts.SymbolFlags.Value) visit(checker.getTypeOfSymbol(symbol));
      if (symbol.flags & ts.SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(symbol));
    }
  }
  return names;
}

/** Where a listed name means a property that this package did not declare: one of the platform's, or of anything. */
function foreignUses(): string[] {
  const uses: string[] = [];
  const listed = (name: ts.Node) => ts.isIdentifier(name) && INTERNAL.includes(name.text);
  const check = (name: ts.Node, symbol: ts.Symbol | undefined) => {
    if (!symbol?.declarations?.every(ours)) uses.push(`${name.getSourceFile().fileName}: ${name.getText()}`);
  };
  function visit(node: ts.Node): void {
    if (ts.isPropertyAccessExpression(node) && listed(node.name))
      check(node.name, checker.getSymbolAtLocation(node.name));
    if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
      const wanted = checker.getContextualType(node.parent)?.getProperty(node.name.getText());
      if (listed(node.name) && wanted) check(node.name, wanted);
    }
    if (ts.isBindingElement(node) && !node.dotDotDotToken && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name;
      if (listed(name)) check(name, checker.getTypeAtLocation(node.parent).getProperty(name.getText()));
    }
    // A key that is computed is not shortened with the others.
    if (ts.isElementAccessExpression(node) && !ts.isNumericLiteral(node.argumentExpression)) {
      for (const { name } of checker.getTypeAtLocation(node.expression).getProperties()) {
        if (INTERNAL.includes(name)) uses.push(`${node.getSourceFile().fileName}: ${node.getText()} may be ${name}`);
      }
    }
    // Nor is one that is a text.
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
      const { left } = node;
      if (ts.isStringLiteral(left) && INTERNAL.includes(left.text)) uses.push(node.getText());
    }
    ts.forEachChild(node, visit);
  }
  for (const file of program.getSourceFiles()) if (ours(file)) visit(file);
  return uses;
}

test("no name that the build shortens is known to callers", () => {
  const known = publicNames();
  expect([...known]).toEqual(expect.arrayContaining(["remaining", "expiresAt", "onEvent", "nodes", "px", "lockName"]));
  expect(INTERNAL.filter((name) => known.has(name))).toEqual([]);
});

test("nor is one of them the platform's, or a vendor's", () => {
  expect(foreignUses()).toEqual([]);
});
