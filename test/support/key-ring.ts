import { expect } from "vitest";
import { until } from "./redis-process.ts";
import { type RespClient, text } from "./resp.ts";

/** The lock of one test: its name, its key in Redis, and which commands are about it. */
export interface Subject {
  name: string;
  key: string;
  about(command: string[]): boolean;
}

export interface KeyRing {
  fresh(): Subject;
  /** What the key holds, `null` when the lock is free. */
  holder(subject: Subject): Promise<string | null>;
  pttl(subject: Subject): Promise<number>;
  /** Nothing of this lock is in Redis within `ms` but a record that expires. */
  expectNothingLeft(subject: Subject, ms?: number): Promise<void>;
}

let count = 0;

export function keyRing(redis: RespClient, prefix: string): KeyRing {
  async function leftovers({ name }: Subject): Promise<string[]> {
    const left: string[] = [];
    let cursor = "0";
    do {
      const [next, keys] = (await redis.send("SCAN", cursor, "MATCH", `*${name}*`, "COUNT", "1000")) as [
        Buffer,
        Buffer[],
      ];
      cursor = String(next);
      for (const key of keys.map(String)) {
        const pttl = (await redis.send("PTTL", key)) as number;
        const record = key.startsWith("fence.7t5:") && pttl > 0;
        const mark = key.startsWith("alive.dcr7:") && pttl > 0 && pttl <= 30_000;
        if (!record && !mark && pttl !== -2) left.push(`${key} (${pttl} ms)`);
      }
    } while (cursor !== "0");
    return left;
  }

  return {
    fresh() {
      const name = `n${++count}-${process.pid}-${Math.random().toString(36).slice(2)}`;
      const key = prefix + name;
      return { name, key, about: (command) => command.includes(key) };
    },
    async holder({ key }) {
      const value = await redis.send("GET", key);
      return value === null ? null : text(value);
    },
    pttl: async ({ key }) => (await redis.send("PTTL", key)) as number,
    async expectNothingLeft(subject, ms = 0) {
      let left: string[] = [];
      const look = async () => {
        left = await leftovers(subject);
        return left.length === 0;
      };
      await until(look, "keys are left", ms).catch(() => {});
      expect(left).toEqual([]);
    },
  };
}
