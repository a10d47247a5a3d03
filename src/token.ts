import type { Clock } from "./clock.ts";

interface TokenOptions {
  clock: Clock;
  owner?: string | undefined;
  handsOver?: boolean;
}

/**
 * `t`, 22 base64url characters (132 random bits), and after a space the owner's label. No JSON parser changes it. A colon
 * before the space: its process may hand the lock over to another of its callers.
 */
export function mintToken({ clock, owner, handsOver }: TokenOptions): string {
  const text = btoa(String.fromCharCode(...clock.randomBytes(17))).slice(0, 22);
  const token = `t${text.replaceAll("+", "-").replaceAll("/", "_")}${handsOver ? ":" : ""}`;
  return owner ? `${token} ${owner}` : token;
}

/** Whether a text has the shape of a token. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && /^t[\w-]{22}:?( |$)/.test(text);
}
