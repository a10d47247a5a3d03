import type { Clock } from "./clock.ts";
import type { Keys } from "./keys.ts";
import type { Send } from "./limit.ts";
import type { Answer } from "./reply.ts";
import { malformed, parseAnswer } from "./reply.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "./scripts.ts";
import type { Transport } from "./transport.ts";

/** An answer, and the moment just before its request was sent, on both clocks: deadlines count from there. */
export interface Stamped extends Answer {
  mono: number;
  wall: number;
}

/** How a token is to be granted. */
export interface Grant {
  token: string;
  ttl: number;
  /** Whether to mint a fence. */
  fence: boolean;
  /** How long the record of the name has to live beyond its fence, in milliseconds. */
  life: number;
}

/** One Redis. Each method is safe to call again after an unknown outcome. */
export interface Store {
  /** `plain`: by `SET NX PX` first, for a grant without a fence. `timed`: ask for the time left when busy. */
  acquire(keys: Keys, grant: Grant, plain: boolean, timed: boolean, send: Send): Promise<Stamped>;
  /** Without a ttl: only asks whether the token still holds the lock. */
  extend(keys: Keys, token: string, ttl: number | undefined, send: Send): Promise<Stamped>;
  /** `rest`: milliseconds for which the name is kept all the same. */
  release(keys: Keys, grant: Grant, rest: number, send: Send): Promise<Answer>;
  query(keys: Keys, send: Send): Promise<Answer>;
  /** Takes the lock from whoever has it. `busy`: it changed hands meanwhile. `free`: nobody has it. */
  force(keys: Keys, grant: Grant, send: Send): Promise<Answer>;
  /** The keys under a prefix; some may come twice. */
  scan(prefix: string, send: Send): AsyncIterable<string>;
}

/** The protocol over one transport. */
export function createStore(transport: Transport, clock: Clock): Store {
  async function stamped(send: Send, command: () => Promise<unknown>, outcomes: string): Promise<Stamped> {
    const stamp = { mono: clock.monotonic(), wall: clock.now() };
    return { ...parseAnswer(await send(command), outcomes), ...stamp };
  }

  function run(
    send: Send,
    script: string,
    { lock, record }: Keys,
    args: unknown[],
    outcomes: string,
  ): Promise<Stamped> {
    return stamped(send, async () => transport.eval(script, [lock, record], args.map(String)), outcomes);
  }

  return {
    async acquire(keys, { token, ttl, fence, life }, plain, timed, send) {
      if (plain) {
        // Null may mean that an earlier send of this very command was granted: only the script can tell.
        const set = async () => {
          const reply = await transport.set(keys.lock, token, { nx: true, px: ttl });
          return reply === null ? ["busy", -1, "", "="] : reply === "OK" ? ["granted", ttl, "", "="] : reply;
        };
        const answer = await stamped(send, set, "granted busy");
        if (answer.outcome === "granted") return answer;
      }
      const args = [token, ttl, fence ? life : "", timed ? 1 : ""];
      const answer = await run(send, ACQUIRE, keys, args, "granted busy spent");
      if (answer.outcome === "granted" && fence !== !!answer.fence) throw malformed(answer);
      return answer;
    },

    extend: (keys, token, ttl, send) => run(send, EXTEND, keys, [token, ttl ?? ""], "held gone forced busy"),

    async release(keys, { token, fence, life }, rest, send) {
      if (transport.deleteIf && !rest) {
        const deleted = await send(async () => transport.deleteIf?.(keys.lock, token)).catch(() => 0);
        if (deleted === 1) return { outcome: "freed", left: -1, fence: undefined, value: "" };
      }
      return run(send, RELEASE, keys, [token, rest, fence ? life : ""], "freed gone forced unrecorded");
    },

    query: (keys, send) => run(send, QUERY, keys, [""], "held kept free"),

    async force(keys, { token, ttl, life }, send) {
      const found = await run(send, QUERY, keys, [1], "held free");
      if (found.outcome === "free") return found;
      return run(send, FORCE, keys, [token, ttl, life, found.value], "granted busy gone");
    },

    async *scan(prefix, send) {
      const pattern = `${prefix.replace(/[\\*?[\]^-]/g, "\\$&")}*`;
      for (const node of transport.nodes?.() ?? [transport]) {
        let cursor = "0";
        do {
          const page = await send(async () => node.eval(SCAN, [], [cursor, pattern]));
          if (
            !Array.isArray(page) ||
            !page.length ||
            !page.every((item) => typeof item === "string" && item[0] === "=")
          )
            throw malformed(page);
          cursor = page[0].slice(1);
          for (const key of page.slice(1)) yield key.slice(1);
        } while (cursor !== "0");
      }
    },
  };
}
