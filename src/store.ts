import type { Clock } from "./clock.ts";
import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import type { Keys } from "./keys.ts";
import { MARK } from "./keys.ts";
import type { Send } from "./limit.ts";
import type { AcquireOptions } from "./options.ts";
import type { Answer, Stamped } from "./reply.ts";
import { malformed, parseAnswer } from "./reply.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "./scripts.ts";
import type { Transport } from "./transport.ts";

/** What became of a release. */
export type Released = Pick<Answer, "outcome">;

export interface Attempted extends Stamped {
  /** Whether its token was given back somewhere, or may have to be: then the next attempt takes another. */
  used?(): boolean;
  /** When busy: after how many milliseconds to ask again, where something is known about that. */
  pause?: number;
}

/** One Redis, or many as one. Each method is safe to call again after an unknown outcome. */
export interface Store {
  /** Where there are many: each of them. */
  parts?: Store[];
  /** Of how many of them an answer counts, and how long each is given for it, in milliseconds. */
  majority?: number;
  limitOf?(call: Call): number;
  /** Where there is one: the way to it, for scripts beyond these. */
  wire?: Transport;
  /** Throws where the options of a call cannot be met. */
  check?(options: AcquireOptions): void;
  /** `plain`: by `SET NX PX` first, for a grant without a fence. `timed`: ask for the time left when busy. */
  acquire(call: Call, token: string, plain: boolean, timed: boolean, send: Send): Promise<Attempted>;
  /** Without a ttl: only asks whether the token still holds the lock. `fence`: what the lease has. */
  extend(call: Call, token: string, ttl: number | undefined, send: Send, fence?: number): Promise<Stamped>;
  /** `rest`: milliseconds for which the name is kept all the same. */
  release(call: Call, token: string, rest: number, send: Send): Promise<Released>;
  /** `waiting`: how many stand in line, where that was asked. */
  query(call: Call, send: Send): Promise<Answer & { waiting?: number }>;
  /** Takes the lock from whoever has it. `busy`: it changed hands meanwhile. `free`: nobody has it. */
  force(call: Call, token: string, send: Send): Promise<Answer>;
  /** The keys under a prefix; some may come twice. */
  scan(call: Call, send: Send): AsyncIterable<string>;
}

/** Runs a script on the keys of one name. */
export type Run = (
  send: Send,
  script: string,
  outcomes: string,
  keys: Keys & { more?: string[] },
  ...args: unknown[]
) => Promise<Stamped>;

export async function stamped(
  clock: Clock,
  send: Send,
  outcomes: string,
  command: () => Promise<unknown>,
): Promise<Stamped> {
  const sent = instant(clock);
  return { ...parseAnswer(await send(command), outcomes), ...sent };
}

export function runOver(transport: Transport, clock: Clock): Run {
  return (send, script, outcomes, { lock, recordKey, more = [] }, ...args) =>
    stamped(clock, send, outcomes, async () => transport.eval(script, [lock, recordKey, ...more], args.map(String)));
}

/** The protocol over one transport. */
export function createStore(transport: Transport, clock: Clock): Store {
  const run = runOver(transport, clock);
  return {
    wire: transport,

    async acquire(call, token, plain, timed, send) {
      const { lock, ttl, fence, life } = call;
      if (plain) {
        // Null may mean that an earlier send of this very command was granted: only the script can tell.
        const answer = await stamped(clock, send, "granted busy", async () => {
          const reply = await transport.set(lock, token, { nx: true, px: ttl });
          return reply === null ? ["busy", -1, "", "="] : reply === "OK" ? ["granted", ttl, "", "="] : reply;
        });
        if (answer.outcome === "granted") return answer;
      }
      const args = [token, ttl, fence ? life : "", timed ? 1 : ""];
      const keys = call.wait > 0 ? { ...call, more: [MARK + lock] } : call;
      const answer = await run(send, ACQUIRE, "granted busy spent", keys, ...args);
      if (answer.outcome === "granted" && fence !== !!answer.fence) throw malformed(answer);
      return answer;
    },

    extend: (keys, token, ttl, send) => run(send, EXTEND, "held gone forced busy", keys, token, ttl ?? ""),

    async release(call, token, rest, send) {
      const { lock, fence, life } = call;
      if (transport.deleteIf && !rest) {
        const deleted = await send(async () => transport.deleteIf?.(lock, token)).catch(() => 0);
        if (deleted === 1) return { outcome: "freed" };
      }
      return run(send, RELEASE, "freed gone forced unrecorded", call, token, rest, fence ? life : "");
    },

    query: (keys, send) => run(send, QUERY, "held kept free", keys, ""),

    async force(call, token, send) {
      const found = await run(send, QUERY, "held free", call, 1);
      if (found.outcome === "free") return found;
      return run(send, FORCE, "granted busy gone", call, token, call.ttl, call.life, found.label);
    },

    async *scan({ prefix }, send) {
      const pattern = `${prefix.replace(/[\\*?[\]^-]/g, "\\$&")}*`;
      for (const node of transport.nodes?.() ?? [transport]) {
        let cursor = "0";
        do {
          const page = (await send(async () => {
            const page = await node.eval(SCAN, [], [cursor, pattern]);
            if (!Array.isArray(page) || !page.length || !page.every(isMarked)) throw malformed(page);
            return page;
          })) as [string, ...string[]];
          const [next, ...keys] = page.map((item) => item.slice(1)) as typeof page;
          cursor = next;
          yield* keys;
        } while (cursor !== "0");
      }
    },
  };
}

/** A text of which no JSON parser makes another type. */
function isMarked(item: unknown): boolean {
  return typeof item === "string" && item[0] === "=";
}
