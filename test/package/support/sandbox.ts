import { createContext, runInContext } from "node:vm";

/** What platforms add to the language. */
const PLATFORM =
  "AbortController AbortSignal Blob Buffer Bun Deno Event EventTarget Headers MessageChannel Request Response " +
  "TextDecoder TextEncoder URL WebSocket addEventListener atob btoa caches clearInterval clearTimeout console crypto document " +
  "exports fetch global importScripts location module navigator performance postMessage process queueMicrotask require " +
  "scheduler self setImmediate setInterval setTimeout structuredClone window";

/** What Workers refuse at import though the language has it. */
const REFUSED = "Date.now = Math.random = () => { throw new Error('time or randomness was touched at import'); };";

interface Evaluated {
  exports: Record<string, unknown>;
  /** What it looked for of what the language does not have. */
  touched: string[];
  /** The globals that it left behind. */
  left: string[];
}

/** Evaluates a script where there is the language and nothing else. */
export function evaluate(code: string): Evaluated {
  const context = createContext({});
  runInContext(`delete globalThis.console; ${REFUSED}`, context);
  const touched: string[] = [];
  for (const name of PLATFORM.split(" ")) {
    const get = (): undefined => void touched.push(name);
    Object.defineProperty(context, name, { get, configurable: true });
  }
  const before = new Set(Object.getOwnPropertyNames(context));
  runInContext(code, context, { timeout: 10_000 });
  const left = Object.getOwnPropertyNames(context).filter((name) => !before.has(name));
  return { exports: runInContext("bundle", context), touched, left };
}

/** Evaluates a script where there is what every platform of ours has, nothing of Node, and resolves to its `main()`. */
export async function perform(code: string): Promise<unknown> {
  const { AbortController, TextEncoder, btoa, clearTimeout, crypto, performance, setTimeout } = globalThis;
  // A number, as browsers and Workers have it: nothing to call unref on.
  const timer = (callback: () => void, ms: number): number => setTimeout(callback, ms)[Symbol.toPrimitive]();
  const platform = { AbortController, TextEncoder, btoa, clearTimeout, crypto, performance, setTimeout: timer };
  return runInContext(`${code}; bundle.main()`, createContext(platform));
}
