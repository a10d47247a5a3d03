import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject } from "vitest";
import type { Order, Said } from "../support/fair-child.ts";
import { until } from "../support/redis-process.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";

export type Kind = "ioredis" | "node-redis" | "REST";

/** A process that waits in line. */
export interface Waiter {
  said: Said[];
  send(order: Order): void;
  kill(signal: NodeJS.Signals): void;
  /** Ends it, and resolves when it has. */
  killed(): Promise<void>;
}

/** Processes over a real Redis, and what can be seen of a lock there. */
export interface Stage {
  prefix: string;
  start(kind: Kind): Promise<Waiter>;
  /** The value of a lock. */
  value(name: string): Promise<string>;
  /** How many stand in line. */
  standing(name: string): Promise<number>;
  /** Sends an order, and waits until it stands in line behind those before. */
  stands(waiter: Waiter, order: Order): Promise<void>;
  /** Waits for an event of an order, and says when it was. */
  heard(waiters: Waiter[], id: string, event: Said["event"]): Promise<Said>;
  redis(): RespClient;
}

const script = fileURLToPath(new URL("../support/fair-child.ts", import.meta.url));

/** Call it at the top of a file: what it starts ends with the file. */
export function stage(title: string): Stage {
  const prefix = `${inject("redisPrefix")}${title}:`;
  const children: ChildProcess[] = [];
  let redis: RespClient;
  let rest: RestServer;
  beforeAll(async () => {
    redis = respClient(inject("redisUrl"));
    rest = await startRestServer({ redisUrl: inject("redisUrl") });
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    redis.close();
    await rest.close();
  });

  const self: Stage = {
    prefix,
    redis: () => redis,

    async start(kind) {
      const address = kind === "REST" ? [rest.url, rest.token] : [inject("redisUrl"), ""];
      const child = spawn(process.execPath, [script, kind, ...address, prefix], { stdio: ["pipe", "pipe", "inherit"] });
      children.push(child);
      const exited = once(child, "exit");
      const said: Said[] = [];
      createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line)));
      await until(async () => said.length > 0, "a process did not start", 30_000);
      return {
        said,
        send: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
        kill: (signal) => void child.kill(signal),
        async killed() {
          child.kill("SIGKILL");
          await exited;
        },
      };
    },

    async value(name) {
      const value = await redis.send("GET", prefix + name);
      return value === null ? "" : text(value);
    },

    standing: async (name) => Number(await redis.send("ZCOUNT", `queue.b0v5:${prefix}${name}`, "0", "1000000000000")),

    async stands(waiter, order) {
      const before = await self.standing(order.name);
      waiter.send(order);
      await until(async () => (await self.standing(order.name)) > before, `${order.id} does not stand in line`, 15_000);
    },

    async heard(waiters, id, event) {
      let found: Said | undefined;
      const look = async () => {
        const all = waiters.flatMap(({ said }) => said);
        found = all.find((each) => each.id === id && each.event === event);
        expect(all.filter((each) => each.event === "failed")).toEqual([]);
        return !!found;
      };
      await until(look, `${id} was not ${event}`, 25_000);
      return found as Said;
    },
  };
  return self;
}

/** Who held the lock from when to when, in order; fails if two did at a time, or a later one had a smaller fence. */
export function turns(waiters: Waiter[], ids: string[]): string[] {
  const said = waiters.flatMap((waiter) => waiter.said).filter(({ id }) => ids.includes(id));
  const granted = said.filter(({ event }) => event === "granted").sort((a, b) => (a.fence ?? 0) - (b.fence ?? 0));
  let end = 0;
  for (const { id, at } of granted) {
    expect(at, id).toBeGreaterThanOrEqual(end);
    end = said.find((each) => each.id === id && each.event === "released")?.at ?? end;
  }
  return granted.map(({ id }) => id);
}
