/**
 * Locks without Redis, within one process: for tests and demos.
 *
 * @module holdfast/memory
 */
import type { Transport } from "../src/transport.ts";
import { MemoryData } from "./support/memory-data.ts";
import { FLIGHT_TWINS } from "./support/memory-flight-scripts.ts";
import { HAND_OVER_TWINS } from "./support/memory-hand-over-scripts.ts";
import { QUEUE_TWINS } from "./support/memory-queue-scripts.ts";
import { QUORUM_TWINS } from "./support/memory-quorum-scripts.ts";
import { TWINS } from "./support/memory-scripts.ts";

const SCRIPTS = new Map([...TWINS, ...QUORUM_TWINS, ...FLIGHT_TWINS, ...QUEUE_TWINS, ...HAND_OVER_TWINS]);

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** The server's clock. A `Clock` fits: give `createLocks` the same. @default the platform's */
  clock?:
    | {
        /** Milliseconds since 1970. */
        now(): number;
      }
    | undefined;
}

/** A key of {@link MemoryTransport.entries}. */
export interface MemoryEntry {
  /** As in Redis: of a lock the prefix and its name; beside it stands a record with the last fence. */
  key: string;
  /** As in Redis: of a lock its token. */
  value: string;
  /** Milliseconds until it expires. */
  pttl: number;
}

/** A transport without Redis, and a look at what it holds. */
export interface MemoryTransport extends Transport {
  /** What is stored and has not expired. */
  entries(): MemoryEntry[];
}

/**
 * Locks without Redis: for tests and demos. Every `createLocks` over one `memory()` shares its locks; two `memory()`
 * know nothing of each other. It runs the same protocol as Redis, script by script, and is held to that by a test that
 * runs random commands on both. It does not reach beyond its process: it is no lock between machines.
 *
 * @param options Its clock, for tests.
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { memory } from "holdfast/memory";
 *
 * const locks = createLocks(memory());
 * ```
 */
export function memory({ clock }: MemoryOptions = {}): MemoryTransport {
  const data = new MemoryData(() => (clock ?? Date).now());
  return {
    async set(key, value, { px }) {
      if (data.get(key) !== undefined) return null;
      data.set(key, value, px);
      return "OK";
    },
    async eval(script, keys, args) {
      const twin = SCRIPTS.get(script);
      if (!twin) throw new Error("ERR memory() runs holdfast's own scripts only");
      return twin(data, keys as [string, string], args);
    },
    wakeups: { listen: async (channel, onMessage) => data.listen(channel, onMessage) },
    entries: () => data.keys().map((key) => ({ key, value: data.get(key) as string, pttl: data.pttl(key) })),
  };
}
