import type { Transport } from "../src/transport.ts";
import { scripted } from "./support/scripted.ts";

/**
 * Locks over any client that can send a command: Bun's, Deno's, Valkey GLIDE, one of your own.
 *
 * @param send Sends the command, given as texts, and resolves to Redis' reply (arrays, texts, integers, `null`). It must
 *   reject when Redis answers with an error, with Redis' words as the message, and route by the keys on a cluster.
 * @example
 * ```ts
 * createLocks(command((args) => bunRedis.send(args[0], args.slice(1)))); // Bun
 * createLocks(command((args) => glide.customCommand(args))); // Valkey GLIDE
 * createLocks(command(([name, ...rest]) => denoRedis.sendCommand(name, rest))); // Deno
 * ```
 */
export function command(send: (args: string[]) => Promise<unknown>): Transport {
  if (typeof send !== "function")
    throw new TypeError("command() takes a function that sends a command: (args) => reply.");
  return scripted(async (args) => {
    try {
      return await send(args);
    } catch (error) {
      throw inRedisWords(error);
    }
  });
}

/** Valkey GLIDE has names of its own for Redis' codes. */
const CODES: Record<string, string> = {
  NoScriptError: "NOSCRIPT",
  PermissionDenied: "NOPERM",
  ReadOnly: "READONLY",
  BusyLoadingError: "LOADING",
  ClusterDown: "CLUSTERDOWN",
  MasterDown: "MASTERDOWN",
  TryAgain: "TRYAGAIN",
  AuthenticationFailed: "NOAUTH",
  ResponseError: "ERR",
};

function inRedisWords(error: unknown): unknown {
  const [, name = "", said] =
    /^(?:An error was signalled by the server: - )?(\w+): ([\s\S]*)$/.exec(Object(error).message) ?? [];
  const code = CODES[name] ?? (/^[A-Z]+$/.test(name) && name);
  return code ? new Error(`${code} ${said}`) : error;
}
