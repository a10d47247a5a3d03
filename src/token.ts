import type { Clock } from "./clock.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** `t`, 22 base64url characters (132 random bits), and after a space the owner's label. No JSON parser changes it. */
export function mintToken({ clock, owner }: { clock: Clock; owner?: string | undefined }): string {
  let token = "t";
  for (const byte of clock.randomBytes(22)) token += ALPHABET[byte & 63];
  return owner ? `${token} ${owner}` : token;
}

/** Whether a text has the shape of a token. */
export function isToken(text: unknown): text is string {
  return /^t[\w-]{22}( |$)/.test(text as string);
}
