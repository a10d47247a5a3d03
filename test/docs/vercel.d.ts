/** What the sample uses of Vercel's functions. */
declare module "@vercel/functions" {
  export function waitUntil(promise: Promise<unknown>): void;
}
