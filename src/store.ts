import type { Clock } from "./clock.ts";
import type { Keys } from "./keys.ts";
import { isAuxiliary } from "./keys.ts";
import type { Answer } from "./reply.ts";
import { parseAnswer } from "./reply.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "./scripts.ts";
import type { Transport } from "./transport.ts";

/** Sends one command, under whatever limit the caller has for it. */
export type Send = (command: () => Promise<unknown>) => Promise<unknown>;

/** A moment on both clocks of this process, in milliseconds. */
export interface Stamp {
  mono: number;
  wall: number;
}

/** An answer, and the moment just before the request that it answers was sent: deadlines count from there. */
export interface Stamped extends Answer {
  sent: Stamp;
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
  acquire(keys: Keys, grant: Grant, how: { plain: boolean; timed: boolean }, send: Send): Promise<Stamped>;
  /** Without a ttl: only asks whether the token still holds the lock. */
  extend(keys: Keys, token: string, ttl: number | undefined, send: Send): Promise<Stamped>;
  /** `rest`: milliseconds for which the name is kept all the same. */
  release(keys: Keys, grant: Grant, rest: number, send: Send): Promise<Answer>;
  query(keys: Keys, send: Send): Promise<Answer>;
  /** Takes the lock from whoever has it. `busy`: it changed hands meanwhile. `free`: nobody has it. */
  force(keys: Keys, grant: Grant, send: Send): Promise<Answer>;
  /** The keys under a prefix, each once. */
  scan(prefix: string, send: Send): AsyncIterable<string>;
}

/** Special characters of Redis' patterns. */
const GLOB = /[\\*?[\]^-]/g;

function malformed(reply: unknown): Error {
  return new Error(`Redis sent what is no answer to this command: ${String(JSON.stringify(reply)).slice(0, 80)}`);
}

/** The protocol over one transport. */
export function createStore(transport: Transport, clock: Clock): Store {
  async function ask(
    send: Send,
    script: string,
    keys: Keys,
    args: (string | number)[],
    outcomes: string[],
  ): Promise<Stamped> {
    const sent = { mono: clock.monotonic(), wall: clock.now() };
    const reply = await send(async () => transport.eval(script, [keys.lock, keys.record], args.map(String)));
    const answer = parseAnswer(reply, outcomes);
    if (!answer) throw malformed(reply);
    return { ...answer, sent };
  }

  return {
    async acquire(keys, { token, ttl, fence, life }, { plain, timed }, send) {
      if (plain) {
        const sent = { mono: clock.monotonic(), wall: clock.now() };
        const reply = await send(async () => transport.set(keys.lock, token, { nx: true, px: ttl }));
        if (reply === "OK") return { outcome: "granted", left: ttl, fence: undefined, value: "", sent };
        if (reply !== null) throw malformed(reply);
        // Null may mean that an earlier send of this very command was granted: only the script can tell.
      }
      const args = [token, ttl, fence ? life : "", timed ? "1" : ""];
      const answer = await ask(send, ACQUIRE, keys, args, ["granted", "busy", "spent"]);
      if (answer.outcome === "granted" && (answer.left < 0 || (fence && !answer.fence))) throw malformed(answer);
      return answer;
    },

    extend: (keys, token, ttl, send) => ask(send, EXTEND, keys, [token, ttl ?? ""], ["held", "gone", "forced", "busy"]),

    async release(keys, { token, fence, life }, rest, send) {
      if (transport.deleteIf && !rest) {
        const deleted = await send(async () => transport.deleteIf?.(keys.lock, token)).catch(() => 0);
        if (deleted === 1) return { outcome: "freed", left: -1, fence: undefined, value: "" };
      }
      return ask(send, RELEASE, keys, [token, rest, fence ? life : ""], ["freed", "gone", "forced", "unrecorded"]);
    },

    query: (keys, send) => ask(send, QUERY, keys, [""], ["held", "kept", "free"]),

    async force(keys, { token, ttl, life }, send) {
      const found = await ask(send, QUERY, keys, ["1"], ["held", "free"]);
      if (found.outcome === "free") return found;
      return ask(send, FORCE, keys, [found.value, token, ttl, life], ["granted", "busy", "gone"]);
    },

    async *scan(prefix, send) {
      const seen = new Set<string>();
      const pattern = `${prefix.replace(GLOB, "\\$&")}*`;
      for (const node of transport.nodes?.() ?? [transport]) {
        let cursor = "0";
        do {
          const page = await send(async () => node.eval(SCAN, [], [cursor, pattern]));
          const wellFormed = Array.isArray(page) && page.every((item) => typeof item === "string" && item[0] === "=");
          if (!wellFormed || page.length === 0) throw malformed(page);
          const [next, ...found] = page.map((item: string) => item.slice(1));
          for (const key of found) {
            if (seen.has(key) || isAuxiliary(key)) continue;
            seen.add(key);
            yield key;
          }
          cursor = next as string;
        } while (cursor !== "0");
      }
    },
  };
}
