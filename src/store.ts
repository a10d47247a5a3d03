import type { Clock } from "./clock.ts";
import { instant } from "./deadline.ts";
import type { Keys } from "./keys.ts";
import type { Send } from "./limit.ts";
import type { Settings } from "./options.ts";
import type { Answer, Stamped } from "./reply.ts";
import { malformed, parseAnswer } from "./reply.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "./scripts.ts";
import type { Transport } from "./transport.ts";

/** What a grant depends on. */
export interface Terms extends Keys, Pick<Settings, "ttl" | "fence" | "life"> {}

/** What became of a release. */
export type Released = Pick<Answer, "outcome">;

/** One Redis. Each method is safe to call again after an unknown outcome. */
export interface Store {
  /** `plain`: by `SET NX PX` first, for a grant without a fence. `timed`: ask for the time left when busy. */
  acquire(terms: Terms, token: string, plain: boolean, timed: boolean, send: Send): Promise<Stamped>;
  /** Without a ttl: only asks whether the token still holds the lock. */
  extend(keys: Keys, token: string, ttl: number | undefined, send: Send): Promise<Stamped>;
  /** `rest`: milliseconds for which the name is kept all the same. */
  release(terms: Terms, token: string, rest: number, send: Send): Promise<Released>;
  query(keys: Keys, send: Send): Promise<Answer>;
  /** Takes the lock from whoever has it. `busy`: it changed hands meanwhile. `free`: nobody has it. */
  force(terms: Terms, token: string, send: Send): Promise<Answer>;
  /** The keys under a prefix; some may come twice. */
  scan(prefix: string, send: Send): AsyncIterable<string>;
}

/** The protocol over one transport. */
export function createStore(transport: Transport, clock: Clock): Store {
  async function stamped(send: Send, outcomes: string, command: () => Promise<unknown>): Promise<Stamped> {
    const sent = instant(clock);
    return { ...parseAnswer(await send(command), outcomes), ...sent };
  }

  function run(send: Send, script: string, outcomes: string, { lock, record }: Keys, ...args: unknown[]) {
    return stamped(send, outcomes, async () => transport.eval(script, [lock, record], args.map(String)));
  }

  return {
    async acquire(terms, token, plain, timed, send) {
      const { lock, ttl, fence, life } = terms;
      if (plain) {
        // Null may mean that an earlier send of this very command was granted: only the script can tell.
        const answer = await stamped(send, "granted busy", async () => {
          const reply = await transport.set(lock, token, { nx: true, px: ttl });
          return reply === null ? ["busy", -1, "", "="] : reply === "OK" ? ["granted", ttl, "", "="] : reply;
        });
        if (answer.outcome === "granted") return answer;
      }
      const args = [token, ttl, fence ? life : "", timed ? 1 : ""];
      const answer = await run(send, ACQUIRE, "granted busy spent", terms, ...args);
      if (answer.outcome === "granted" && fence !== !!answer.fence) throw malformed(answer);
      return answer;
    },

    extend: (keys, token, ttl, send) => run(send, EXTEND, "held gone forced busy", keys, token, ttl ?? ""),

    async release(terms, token, rest, send) {
      const { lock, fence, life } = terms;
      if (transport.deleteIf && !rest) {
        const deleted = await send(async () => transport.deleteIf?.(lock, token)).catch(() => 0);
        if (deleted === 1) return { outcome: "freed" };
      }
      return run(send, RELEASE, "freed gone forced unrecorded", terms, token, rest, fence ? life : "");
    },

    query: (keys, send) => run(send, QUERY, "held kept free", keys, ""),

    async force(terms, token, send) {
      const found = await run(send, QUERY, "held free", terms, 1);
      if (found.outcome === "free") return found;
      return run(send, FORCE, "granted busy gone", terms, token, terms.ttl, terms.life, found.label);
    },

    async *scan(prefix, send) {
      const pattern = `${prefix.replace(/[\\*?[\]^-]/g, "\\$&")}*`;
      for (const node of transport.nodes?.() ?? [transport]) {
        let cursor = "0";
        do {
          const page = await send(async () => node.eval(SCAN, [], [cursor, pattern]));
          if (!Array.isArray(page) || !page.length || !page.every((item) => /^=/.test(item))) throw malformed(page);
          const [next, ...keys] = page.map((item) => item.slice(1));
          cursor = next;
          yield* keys;
        } while (cursor !== "0");
      }
    },
  };
}
