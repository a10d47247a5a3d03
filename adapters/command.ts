/**
 * Locks over any client that can send a command.
 *
 * @module holdfast/command
 */
import type { Transport, Wakeups } from "../src/transport.ts";
import { scripted } from "./support/scripted.ts";

/** Sends a command, given as texts: its name and then its arguments. Resolves to Redis' reply. */
export type Send = (args: string[]) => Promise<unknown>;

/** Options of {@link command}. */
export interface CommandOptions {
  /**
   * On a cluster: gives one function for each master, which sends to that master. Asked at each `list()`, which asks each
   * of them; without, it sees only what the one server has that the client happens to choose. Nothing else uses it.
   * @default none
   */
  nodes?: (() => Send[]) | undefined;
  /**
   * Subscribes to a channel on a connection of its own, and resolves to what ends that: who waits in line is woken by a
   * message.
   * @default none, who waits polls
   */
  listen?: Wakeups["listen"] | undefined;
}

/**
 * Locks over any client that can send a command: Bun's, Deno's, Valkey GLIDE, one of your own.
 *
 * @param send Sends the command, given as texts, and resolves to Redis' reply (arrays, texts, integers, `null`). It must
 *   reject when Redis answers with an error, with Redis' words as the message, and route by the keys on a cluster.
 * @param options For a cluster.
 * @throws {TypeError} if it is no function.
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { command } from "holdfast/command";
 *
 * createLocks(command(([name = "", ...args]) => bunRedis.send(name, args))); // Bun
 * createLocks(command((args) => glide.customCommand(args))); // Valkey GLIDE
 * createLocks(command(([name = "", ...args]) => denoRedis.sendCommand(name, args))); // Deno
 * ```
 */
export function command(send: Send, options: CommandOptions = {}): Transport {
  if (typeof send !== "function")
    throw new TypeError("command() takes a function that sends a command: (args) => reply.");
  const transport = scripted(async (args) => {
    try {
      return await send(args);
    } catch (error) {
      throw inRedisWords(error);
    }
  });
  const { nodes, listen } = options;
  if (nodes) transport.nodes = () => nodes().map((node) => command(node));
  if (listen) transport.wakeups = { listen };
  return transport;
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
