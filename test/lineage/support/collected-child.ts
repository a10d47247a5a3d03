/**
 * Run by test/lineage/python-redis-lock.test.ts with --expose-gc. Arguments: the address of a Redis, or nothing for
 * memory, and what its names begin with. Prints what became of a lease that was dropped and of one that was not.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { ioredis } from "../../../adapters/ioredis.ts";
import { memory } from "../../../adapters/memory.ts";
import { createLocks, type Lease } from "../../../src/index.ts";

const [url, prefix] = process.argv.slice(2);
const client = url ? new Redis(url) : undefined;
const transport = client ? ioredis(client) : memory();
const names = { dropped: `${prefix}dropped`, kept: `${prefix}kept` };
const renewed: string[] = [];
const locks = createLocks(transport, {
  ttl: "2s",
  renew: true,
  onEvent: ({ type, name }) => type === "renewed" && renewed.push(name),
});
const rival = createLocks(transport);

const kept = await locks.acquire(names.kept);
const hands: { lease?: Lease } = { lease: await locks.acquire(names.dropped) };
await sleep(2500);
const before = renewed.includes(names.dropped) && (await hands.lease?.verify());
delete hands.lease;
const collector = setInterval(() => globalThis.gc?.(), 50);
// It is free when its ttl is over, because nobody renews it any more.
const next = await rival.acquire(names.dropped, { wait: "8s" }).then(
  (lease) => lease.release(),
  () => false,
);
clearInterval(collector);
process.stdout.write(JSON.stringify({ before, next, kept: await kept.verify() }));
await locks.close();
client?.disconnect();
