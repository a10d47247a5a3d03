import { existsSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, inject, test, vi } from "vitest";
import type { ioredis } from "../../adapters/ioredis.ts";
import type { memory } from "../../adapters/memory.ts";
import type { conformance } from "../conformance/index.ts";

// What is published differs from the sources: its Lua is shortened, and its classes are shared between entries.
const built = (entry: string) => {
  const file = new URL(`../../dist/${entry}.js`, import.meta.url);
  if (!existsSync(file)) throw new Error("There is no dist: run npm run build, or npm test, which does.");
  return import(file.href);
};
const published: { conformance: typeof conformance } = await built("conformance");
const overTcp: { ioredis: typeof ioredis } = await built("ioredis");
const inMemory: { memory: typeof memory } = await built("memory");

vi.setConfig({ maxConcurrency: 40, testTimeout: 30_000 });

const clients: Redis[] = [];
afterAll(() => Promise.all(clients.map((client) => client.quit())));

published.conformance({
  test: (name, fn) => test.concurrent(`over TCP, ${name}`, fn),
  prefix: inject("redisPrefix"),
  transport: () => {
    const client = new Redis(inject("redisUrl"));
    clients.push(client);
    return overTcp.ioredis(client);
  },
});

const store = inMemory.memory();
published.conformance({
  test: (name, fn) => test.concurrent(`in memory, ${name}`, fn),
  transport: () => store,
});
