import { Redis } from "ioredis";
import { expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type LockEvent } from "../../src/index.ts";
import { type FaultyRequest, faulty, virtualClock } from "../../src/testing.ts";
import { read } from "../docs/markdown.ts";
import { lockKeys, rejection } from "../support/bench.ts";

const REFUSED = Object.assign(new Error("NOAUTH"), { definitive: true });

/** Locks that ask once and no more, on a network that can be told to fail. */
function stage() {
  const clock = virtualClock();
  const store = memory({ clock });
  const network = faulty(store);
  const events: LockEvent[] = [];
  const locks = createLocks(network, { clock, onEvent: (event) => void events.push(event) });
  return { clock, store, network, locks, events, rival: createLocks(store, { clock }) };
}

/** What is no message, which has faults of its own. */
const CHOICES: Record<Exclude<FaultyRequest, "message">, true> = {
  acquire: true,
  extend: true,
  release: true,
  query: true,
  force: true,
  list: true,
  listen: true,
};

test("the page names every request that on can choose", () => {
  const [said = ""] = /`on` chooses the requests:.*/.exec(read("docs/testing.md")) ?? [];
  const [sentence = ""] = said.split(" `times` is ");
  const named = [...sentence.matchAll(/`"(\w+)"`/g)].map(([, one]) => one);
  expect(named.sort()).toEqual(Object.keys(CHOICES).sort());
});

test("without on the next request is meant, whatever it is", async () => {
  const { network, locks, clock } = stage();
  const lease = await locks.acquire("x");
  const asks = [
    () => locks.acquire("y"),
    () => lease.extend(),
    () => lease.verify(),
    () => locks.query("x"),
    () => locks.forceRelease("x"),
    () => locks.list()[Symbol.asyncIterator]().next(),
    () => lease.release(),
  ];
  for (const ask of asks) {
    network.next("fail", { error: REFUSED });
    expect(await clock.runUntilSettled(rejection(ask()))).toMatchObject({ code: "BACKEND" });
  }
});

test("on: acquire is a place in line, on: release what hands on to the next in it", async () => {
  const { network, locks, clock, rival, store } = stage();
  const held = await rival.acquire("x", { ttl: "1h" });
  const places = () => store.entries().filter(({ key }) => key.startsWith("queue.")).length;
  network.next("fail", { on: "acquire", times: 2, error: REFUSED });
  const inLine = { wait: "1m", fair: true } as const;
  for (const _ of [1, 2]) {
    expect(await clock.runUntilSettled(rejection(locks.acquire("x", inLine)))).toMatchObject({ code: "BACKEND" });
    expect(places()).toBe(0);
  }
  const first = locks.acquire("x", inLine);
  await clock.advance(100);
  expect(places()).toBe(1);
  await held.release();
  const lease = await clock.runUntilSettled(first);
  void rejection(rival.acquire("x", inLine));
  await clock.advance(2000);
  network.next("fail", { on: "release", error: REFUSED });
  expect(await rejection(lease.release())).toMatchObject({ code: "BACKEND" });
});

test("on: release is a clean-up", async () => {
  const { network, locks, clock, events } = stage();
  network.next("hang", { on: "acquire" });
  network.next("fail", { on: "release", error: REFUSED });
  await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
  await clock.advance(1000);
  expect(events.map(({ type, during }) => [type, during])).toEqual([
    ["failed", "acquire"],
    ["failed", "clean-up"],
  ]);
});

test.each([
  ["a refusal is not asked again", REFUSED, false],
  ["anything else is", new Error("what a broken connection gives"), true],
])("%s", async (_, error, again) => {
  const { network, locks, clock } = stage();
  network.next("fail", { on: "acquire", error });
  const outcome = await clock.runUntilSettled(
    locks.acquire("x").then(
      () => "granted",
      ({ code }) => code,
    ),
  );
  expect(outcome).toBe(again ? "granted" : "BACKEND");
});

test("loseReply: the caller cannot know, and the library asks again until it does", async () => {
  const { network, locks, clock, store } = stage();
  const lease = await locks.acquire("x");
  network.next("loseReply", { on: "release", error: REFUSED });
  expect(await rejection(lease.release())).toMatchObject({ code: "BACKEND" });
  expect(lockKeys(store)).toEqual([]);
  const other = await locks.acquire("y");
  network.next("loseReply", { on: "release" });
  expect(await clock.runUntilSettled(other.release())).toBe(true);
});

test("what hangs goes on hanging after clear()", async () => {
  const { network, locks, clock } = stage();
  network.next("hang");
  const asked = rejection(locks.query("x"));
  await clock.advance(1000);
  network.clear();
  await clock.advance(3999);
  expect(clock.pending.count).toBe(1);
  expect(await clock.runUntilSettled(asked)).toMatchObject({ code: "BACKEND" });
});

test("over a real Redis: fail, hang and loseReply are what they are over memory", async () => {
  const redis = new Redis(inject("redisUrl"));
  try {
    const network = faulty(ioredis(redis));
    const prefix = `${inject("redisPrefix")}faulty:`;
    const locks = createLocks(network, { prefix });
    const stored = () => redis.exists(`${prefix}x`);
    const lease = await locks.acquire("x");
    network.next("fail", { on: "release", error: REFUSED });
    expect(await rejection(lease.extend("1m").then(() => lease.release()))).toMatchObject({ code: "BACKEND" });
    expect(await stored()).toBe(1);
    await locks.forceRelease("x");

    network.next("hang", { on: "acquire" });
    expect(await rejection(locks.tryAcquire("x", { commandTimeout: "30ms" }))).toMatchObject({ code: "BACKEND" });
    expect(await stored()).toBe(0);

    network.next("loseReply", { on: "acquire", error: REFUSED });
    expect(await rejection(locks.tryAcquire("x"))).toMatchObject({ code: "BACKEND" });
    expect(await stored()).toBe(1);
    network.clear();
    await locks.forceRelease("x");
    await locks.close();
  } finally {
    redis.disconnect();
  }
});
