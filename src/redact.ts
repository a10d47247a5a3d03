/** The text without lock tokens, credentials in addresses, and bearer tokens. */
export function redact(text: string): string {
  return text
    .replace(/t[\w-]{22}(?![\w-])/g, "<token>")
    .replace(/:\/\/[^\s"']*@/g, "://<secret>@")
    .replace(/(Bearer )[^\s"',]+/gi, "$1<secret>");
}

/**
 * A copy of a client's error that is safe to hand on: clients put the whole command, arguments included, into their
 * messages and into properties of their own.
 */
export function safeError(thrown: unknown, depth = 0): Error {
  const from = Object(thrown) as { [key in "name" | "message" | "code" | "stack" | "cause" | "errors"]?: unknown };
  const nested = from.cause ?? (Array.isArray(from.errors) ? from.errors[0] : undefined);
  const message = from.message ?? (typeof thrown === "object" ? "" : thrown);
  const copy: Error & { code?: string } = new Error(
    redact(String(message || from.code || "unknown error")),
    nested && depth < 3 ? { cause: safeError(nested, depth + 1) } : undefined,
  );
  if (typeof from.name === "string") copy.name = from.name;
  if (typeof from.code === "string") copy.code = redact(from.code);
  if (typeof from.stack === "string") copy.stack = redact(from.stack);
  return copy;
}
