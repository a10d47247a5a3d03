/**
 * Locks over the Upstash REST API: for runtimes without sockets, and wherever `fetch` is all there is.
 *
 * @module holdfast/upstash
 */
import type { Transport } from "../src/transport.ts";
import type { Fetch, UpstashOptions } from "./support/rest.ts";
import { rest } from "./support/rest.ts";

export type { Fetch, UpstashOptions };

/** What is used of an `@upstash/redis` client. */
export interface UpstashClient {
  /** `SET key value NX PX px`; `px` in milliseconds. */
  set(key: string, value: string, options: { nx: true; px: number }): Promise<unknown>;
  /** `EVAL script keys.length ...keys ...args`. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
}

/** Lets scripts on different keys run side by side; without it a script locks the whole database. Upstash only. */
const KEY_LOCKING = "#!lua flags=allow-key-locking";

const RAW = ["sendCommand", "customCommand", "send"];

/** What {@link upstash} is: a function, with another one. */
export interface Upstash {
  /** @param options The address and the token, or an `@upstash/redis` client. */
  (options: UpstashOptions | UpstashClient): Transport;
  /**
   * From `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, as Upstash's console and the Vercel integration have it.
   *
   * @param env `process.env`, a Worker's `env`: read here and never by itself.
   * @throws {TypeError} if one of them is missing, or cannot be right.
   * @example
   * ```ts
   * import { createLocks } from "holdfast";
   * import { upstash } from "holdfast/upstash";
   *
   * const locks = createLocks(upstash.fromEnv(process.env)); // in a Worker: its env
   * ```
   */
  fromEnv(env: object): Transport;
}

/**
 * Locks over the Upstash REST API: one `fetch` a command, no connection, no package. Or over an `@upstash/redis` client
 * that you have already.
 *
 * @throws {TypeError} if the address or the token cannot be right, or it is another kind of client.
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { upstash } from "holdfast/upstash";
 *
 * const locks = createLocks(upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }));
 * ```
 */
export const upstash: Upstash = /* @__PURE__ */ Object.assign(
  (options: UpstashOptions | UpstashClient): Transport => {
    const client = options as Partial<UpstashClient>;
    if (typeof client?.eval === "function" && typeof client.set === "function") {
      // A raw client has these names too, with other arguments: node-redis would ignore nx, and grant to everyone.
      if (RAW.some((method) => method in client))
        throw new TypeError("upstash(): this is no client of @upstash/redis.");
      return keyLocking(client as UpstashClient);
    }
    return overRest(options as UpstashOptions);
  },
  {
    fromEnv: (env: object): Transport => {
      const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env as Record<string, string>;
      return upstash({ url: url as string, token: token as string });
    },
  },
);

function overRest(options: UpstashOptions): Transport {
  const send = rest(options);
  let deletes = true;
  return {
    ...(options.subscribe && { wakeups: options.subscribe(options) }),
    ...keyLocking({
      set: (key, value, { px }) => send(["SET", key, value, "NX", "PX", String(px)]),
      eval: (script, keys, args) => send(["EVAL", script, String(keys.length), ...keys, ...args]),
    }),
    async deleteIf(key, value) {
      if (!deletes) return 0;
      try {
        return await send(["DELEX", key, "IFEQ", value]);
      } catch (error) {
        // Older servers do not have it. The script does the same.
        if (/unknown command|not available/i.test((error as Error).message)) deletes = false;
        throw error;
      }
    },
  };
}

/** Sends the flag until a server refuses it: only Upstash knows it. */
function keyLocking(client: UpstashClient): Transport {
  let flagged = true;
  return {
    set: (key, value, options) => client.set(key, value, options),
    async eval(script, keys, args) {
      if (flagged && keys.length) {
        try {
          return await client.eval(KEY_LOCKING + script, keys, args);
        } catch (error) {
          if (!/shebang/i.test((error as Error).message)) throw error;
          flagged = false;
        }
      }
      return client.eval(script, keys, args);
    },
  };
}
