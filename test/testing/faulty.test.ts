import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { SCAN } from "../../src/scripts.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { faulty, virtualClock } from "../../src/testing.ts";
import { lockKeys, rejection } from "../support/bench.ts";

function stage() {
  const clock = virtualClock();
  const store = memory({ clock });
  const network = faulty(store);
  return { clock, store, network, locks: createLocks(network, { clock }), rival: createLocks(store, { clock }) };
}

test("fail: not executed, rejected at once; the next request goes through", async () => {
  const { clock, store, network, locks } = stage();
  const lease = await locks.acquire("x");
  network.next("fail");
  const failed = rejection(locks.tryAcquire("y"));
  await clock.advance(0);
  expect(await failed).toMatchObject({ code: "BACKEND", message: expect.stringContaining("connection refused") });
  expect(lockKeys(store)).toEqual(["lock:x"]);
  expect(await lease.release()).toBe(true);
});

test("hang: not executed, and nothing comes back until the limit of the command", async () => {
  const { clock, store, network, locks } = stage();
  network.next("hang");
  const failed = rejection(locks.tryAcquire("x", { commandTimeout: "2s" }));
  await clock.advance(1999);
  expect(lockKeys(store)).toEqual([]);
  expect(clock.pending.count).toBe(1);
  await clock.advance(1);
  expect(await failed).toMatchObject({ code: "BACKEND", message: expect.stringContaining("no answer within 2000 ms") });
});

test("loseReply: executed, and the reply is lost; the lock is given back", async () => {
  const { clock, store, network, locks } = stage();
  network.next("loseReply");
  network.next("hang", { on: "release" });
  const failed = await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
  expect(failed).toMatchObject({
    code: "BACKEND",
    message: expect.stringContaining("connection lost before the reply"),
  });
  expect(lockKeys(store)).toEqual(["lock:x"]);
  await clock.advance(10_000);
  expect(lockKeys(store)).toEqual([]);
});

test("an error of one's own, such as a refusal", async () => {
  const { network, locks } = stage();
  const error = Object.assign(new Error("NOAUTH Authentication required."), { definitive: true });
  network.next("fail", { error });
  expect(await rejection(locks.acquire("x"))).toMatchObject({
    code: "BACKEND",
    message: expect.stringContaining("NOAUTH"),
  });
});

test.each([
  ["acquire", (it: ReturnType<typeof stage>) => it.locks.tryAcquire("other")],
  ["acquire", (it: ReturnType<typeof stage>) => it.locks.tryAcquire("other", { fence: false })],
  ["query", (it: ReturnType<typeof stage>) => it.locks.query("held")],
  ["force", (it: ReturnType<typeof stage>) => it.locks.forceRelease("held")],
  ["list", (it: ReturnType<typeof stage>) => it.locks.list()[Symbol.asyncIterator]().next()],
] as const)("on: %s meets that request and no other", async (on, call) => {
  const it = stage();
  const error = Object.assign(new Error("NOAUTH"), { definitive: true });
  it.network.next("fail", { on, error });
  const lease = await it.rival.acquire("held");
  const restored = it.locks.restore(lease.handOver());
  expect(await restored.verify()).toBe(true);
  expect(await it.clock.runUntilSettled(rejection(call(it)))).toMatchObject({ code: "BACKEND" });
  expect(await restored.release()).toBe(true);
});

test("on: extend is renewal, extend and verify; on: release is release", async () => {
  const { network, locks } = stage();
  const lease = await locks.acquire("x");
  const error = Object.assign(new Error("NOAUTH"), { definitive: true });
  network.next("fail", { on: "extend", times: 2, error });
  network.next("fail", { on: "release", error });
  expect(await rejection(lease.extend())).toMatchObject({ code: "BACKEND" });
  expect(await rejection(lease.verify())).toMatchObject({ code: "BACKEND" });
  expect(await lease.verify()).toBe(true);
  expect(await rejection(lease.release())).toMatchObject({ code: "BACKEND" });
});

test("on: acquire is what a flight asks, on: release what it leaves", async () => {
  const { clock, network, locks, store } = stage();
  const fly = () => clock.runUntilSettled(singleFlight(locks, "x", { keep: "1m", wait: "1s" }, () => 42));
  network.next("fail", { on: "acquire", times: Infinity });
  await expect(fly()).rejects.toMatchObject({ code: "BACKEND" });
  network.clear();
  network.next("fail", { on: "release", times: Infinity });
  await fly().catch(() => {});
  expect(store.entries().map(({ key }) => key)).not.toContain("result.qdb:lock:x");
});

test("callers of one process hand over through it", async () => {
  const clock = virtualClock();
  const network = faulty({ ...memory({ clock }), sharesProcess: true });
  const locks = createLocks(network, { clock });
  const held = await locks.acquire("x", { ttl: "1m" });
  const next = locks.acquire("x", { wait: "1m", commandTimeout: "100ms" });
  await clock.advance(10);
  network.next("hang", { on: "release" });
  const released = held.release();
  await clock.runUntilSettled(next);
  expect((await next).held).toBe(true);
  await released;
});

test("how a program sees a lock lost: no renewal gets through", async () => {
  const { clock, network, locks } = stage();
  const lease = await locks.acquire("x", { ttl: "30s", renew: true });
  network.next("fail", { on: "extend", times: Infinity });
  await clock.advance(29_000);
  expect(lease.held).toBe(true);
  await clock.advance(1000);
  expect(lease.held).toBe(false);
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "unreachable" });
});

test("faults are used up in the order in which they were asked for, until clear", async () => {
  const { network, locks } = stage();
  network.next("fail", { on: "acquire", times: 2, error: "first" });
  network.next("fail", {
    on: "query",
    times: Infinity,
    error: Object.assign(new Error("later"), { definitive: true }),
  });
  const once = { commandTimeout: "1ms" } as const;
  expect(await rejection(locks.tryAcquire("x", once))).toMatchObject({ message: expect.stringContaining("first") });
  expect(await rejection(locks.tryAcquire("x", once))).toMatchObject({ message: expect.stringContaining("first") });
  expect(await rejection(locks.query("x"))).toMatchObject({ message: expect.stringContaining("later") });
  network.clear();
  expect((await locks.query("x")).held).toBe(false);
});

test("a store of a quorum can be faulty", async () => {
  const clock = virtualClock();
  const stores = [1, 2, 3].map(() => faulty(memory({ clock })));
  const locks = createLocks(quorum(stores), { clock });
  for (const store of stores.slice(1)) store.next("fail", { on: "acquire", times: Infinity });
  const failed = await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
  expect(failed).toMatchObject({ code: "BACKEND", errors: [{ position: 1 }, { position: 2 }] });
  for (const store of stores) store.clear();
  expect(await clock.runUntilSettled(locks.request("x", ({ held }) => held))).toBe(true);
});

test("each node of a cluster is behind it, and so is a client that is a class", async () => {
  class Client implements Transport {
    readonly #inner = memory();
    set(key: string, value: string, options: { nx: true; px: number }) {
      return this.#inner.set(key, value, options);
    }
    eval(script: string, keys: string[], args: string[]) {
      return this.#inner.eval(script, keys, args);
    }
    nodes() {
      return [this, new Client()];
    }
  }
  const network = faulty(new Client());
  const locks = createLocks(network);
  await locks.acquire("x");
  network.next("fail", { on: "list", error: Object.assign(new Error("NOAUTH"), { definitive: true }) });
  expect(await rejection(locks.list()[Symbol.asyncIterator]().next())).toMatchObject({ code: "BACKEND" });
  const listed = async () => {
    const names: string[] = [];
    for await (const { name } of locks.list()) names.push(name);
    return names;
  };
  expect(await listed()).toEqual(["x"]);
  const nodes = network.nodes?.() ?? [];
  network.next("fail", { on: "list", times: nodes.length });
  for (const node of nodes) await expect(node.eval(SCAN, [], ["0", "lock:*"])).rejects.toThrow("connection refused");
  expect(nodes).toHaveLength(2);
});

test("a release is one request also where the transport could do with a shorter one", async () => {
  const store = memory();
  const network = faulty({ ...store, deleteIf: () => expect.unreachable() });
  expect(await (await createLocks(network).acquire("x")).release()).toBe(true);
});

test.each([
  ["explode", undefined, "next() takes one of fail, hang, loseReply"],
  ["fail", { on: "renew" }, "on is one of acquire, extend, release, force, query, list"],
  ["fail", { times: 0 }, "times is 1 or more"],
])("a mistake in next(%j, %j) is refused", (fault, options, message) => {
  expect(() => faulty(memory()).next(fault as never, options as never)).toThrow(message);
});
