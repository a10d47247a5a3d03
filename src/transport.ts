/** Redis' messages, for who waits in line. A message may be lost: it costs a poll, nothing else. */
export interface Wakeups {
  /**
   * Calls `onMessage` with the payload of each message that is published to this channel after the promise has resolved.
   * Resolves, once the subscription is known to the server, to a function that ends it. Rejects if that cannot be had.
   */
  listen(channel: string, onMessage: (message: string) => void): Promise<() => void>;
}

/**
 * The port: the two calls that the core makes to Redis, and what a transport may offer beyond them.
 *
 * A transport sends a command and hands back Redis' reply as it is. It decides nothing: a `Promise` that rejects is
 * an *unknown* outcome (the command may have been executed) unless the error carries `definitive: true`, which says
 * that the server refused it before running anything. Redis' own reply errors need no mark; the core knows their codes.
 *
 * An `@upstash/redis` `Redis` object fits as it is. For other clients there are adapters; `docs/writing-an-adapter.md`
 * shows how to write one, and `holdfast/conformance` proves it.
 *
 * @example
 * ```ts
 * import type { Transport } from "holdfast";
 *
 * const transport: Transport = {
 *   set: (key, value, { px }) => client.send(["SET", key, value, "NX", "PX", String(px)]),
 *   eval: (script, keys, args) => client.send(["EVAL", script, String(keys.length), ...keys, ...args]),
 * };
 * ```
 */
export interface Transport {
  /** `SET key value NX PX px`; `px` in milliseconds, a whole number. Resolves to `"OK"`, or to `null` when the key exists. */
  set(key: string, value: string, options: { nx: true; px: number }): Promise<unknown>;
  /** `EVAL script keys.length ...keys ...args`. Resolves to the script's reply: arrays, strings, integers, `null`. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  /**
   * Deletes the key if it holds exactly this value, as one command (`DELEX key IFEQ value`, or a script). Resolves to 1 when it
   * did. Anything else, a rejection included, makes the core ask by script. Default: absent, always by script.
   */
  deleteIf?(key: string, value: string): Promise<unknown>;
  /**
   * Whether what one caller in this process waits for may be settled by another. Callers of one `createLocks` then stand
   * in a local line: one asks Redis, and a release hands the lock to the next; and `singleFlight` sends one request for
   * all of them. Not in a Worker, where a promise of another request never settles. Default: absent, no.
   */
  sharesProcess?: boolean;
  /**
   * One transport for each server that holds a part of the keys, for `list()` on a cluster. Default: absent, the
   * transport itself sees every key.
   */
  nodes?(): Transport[];
  /** Messages that wake who waits in line (`fair`), over a connection that is made on first need. Default: absent, polling. */
  wakeups?: Wakeups;
}
