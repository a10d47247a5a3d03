import { describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Lease, type Locks } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { lockKeys, rejection } from "../support/bench.ts";
import { processes } from "../support/processes.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

async function waitingFor(locks: Locks, count: number, options = {}) {
  const granted: { index: number; lease: Lease }[] = [];
  const waits = Array.from({ length: count }, async (_, index) => {
    const lease = await locks.acquire("x", { wait: "1m", owner: `w${index}`, ...options });
    granted.push({ index, lease });
    return lease;
  });
  return { granted, waits };
}

describe("one process", () => {
  test("hands the lock on by one request, in order, with a new token and a larger fence", async () => {
    const { clock, locks, network } = processes();
    const held = await locks.acquire("x");
    const { granted, waits } = await waitingFor(locks, 5);
    await clock.advance(0);
    const before = network.calls.length;
    let last = held;
    for (const wait of waits) {
      expect(await last.release()).toBe(true);
      await clock.advance(0);
      const lease = await wait;
      expect(lease.held).toBe(true);
      expect(await lease.verify()).toBe(true);
      expect(lease.token).not.toBe(last.token);
      expect(lease.fence).toBeGreaterThan(last.fence);
      last = lease;
    }
    await last.release();
    expect(granted.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    const sent = network.calls.slice(before).map(({ command }) => command);
    expect(sent.filter((command) => command !== "extend")).toEqual(["hand", "hand", "hand", "hand", "hand", "release"]);
  });

  // Or what that one does next, such as a request of its own, would come before every hold.
  test.each([{}, { fair: true }])("the next has the lock before who released it goes on: %j", async (options) => {
    const { clock, store } = processes();
    const locks = createLocks({ ...store, sharesProcess: true }, { clock, renew: true, ...options });
    const order: string[] = [];
    const held = await locks.acquire("x");
    const next = locks.acquire("x").finally(() => void order.push("granted"));
    await clock.advance(100);
    const released = held.release().finally(() => void order.push("released"));
    await clock.runUntilSettled(Promise.all([next, released]));
    expect(order).toEqual(["granted", "released"]);
  });

  test("lets one of those who wait talk to Redis", async () => {
    const { clock, locks, network, remote } = processes();
    await remote.acquire("x", { ttl: "1m" });
    const { waits } = await waitingFor(locks, 50, { wait: "20s" });
    for (const wait of waits) wait.catch(() => {});
    await clock.advance(15_000);
    expect(network.sent("acquire")).toBeLessThan(40);
    await clock.advance(6_000);
    await Promise.allSettled(waits);
    // In its last second each asks for itself, at the usual pace.
    expect(network.sent("acquire")).toBeLessThan(50 * 8);
  });

  test("each who times out has asked Redis itself, and knows the holder", async () => {
    const { clock, locks, remote } = processes();
    await remote.acquire("x", { ttl: "1m", owner: "elsewhere" });
    const errors = Array.from({ length: 3 }, () => rejection(locks.acquire("x", { wait: "5s" })));
    await clock.advance(6_000);
    for (const error of await Promise.all(errors))
      expect(error).toMatchObject({ code: "TIMEOUT", holder: "elsewhere", attempts: expect.any(Number) });
  });

  test("an outage is no timeout", async () => {
    const { clock, locks, network } = processes();
    const held = await locks.acquire("x", { ttl: "1m" });
    const errors = [0, 1].map(() => rejection(locks.acquire("x", { wait: "5s", commandTimeout: "200ms" })));
    await clock.advance(0);
    network.treat = () => ({ refuses: new Error("NOAUTH") });
    await clock.advance(6_000);
    for (const error of await Promise.all(errors)) expect(error).toMatchObject({ code: "BACKEND" });
    expect(held.held).toBe(true);
  });

  test("whoever gives up is passed over", async () => {
    const { clock, locks } = processes();
    const held = await locks.acquire("x");
    const abort = new AbortController();
    const left = rejection(locks.acquire("x", { wait: "1m", signal: abort.signal }));
    const stays = locks.acquire("x", { wait: "1m" });
    await clock.advance(10);
    abort.abort(new Error("no longer"));
    expect(await left).toMatchObject({ message: "no longer" });
    await held.release();
    await clock.advance(0);
    expect((await stays).held).toBe(true);
  });

  test("a wait that is abandoned while its request hangs gives back what it may have been granted", async () => {
    const { clock, locks, network, store } = processes();
    network.treat = ({ command }) => (command === "acquire" ? LOST_REPLY : undefined);
    const abort = new AbortController();
    const left = rejection(locks.acquire("x", { wait: "1m", signal: abort.signal }));
    await clock.advance(10);
    expect(lockKeys(store)).toEqual(["lock:x"]);
    abort.abort(new Error("no longer"));
    await left;
    await clock.advance(10);
    expect(lockKeys(store)).toEqual([]);
    expect(network.sent("hand")).toBe(0);
  });

  test("tryAcquire asks Redis, whoever waits", async () => {
    const { clock, locks } = processes();
    const held = await locks.acquire("x");
    const waits = locks.acquire("x", { wait: "1m" });
    expect(await locks.tryAcquire("x")).toBeNull();
    await held.release();
    await clock.advance(0);
    expect((await waits).held).toBe(true);
  });

  test("minHold hands nothing over", async () => {
    const { clock, locks, network } = processes();
    const held = await locks.acquire("x", { minHold: "3s" });
    const waits = locks.acquire("x", { wait: "1m" });
    await held.release();
    await clock.advance(2_000);
    expect(network.sent("hand")).toBe(0);
    await clock.advance(3_000);
    expect((await waits).held).toBe(true);
  });

  test("without fences too, and mixed", async () => {
    const { clock, locks } = processes();
    const held = await locks.acquire("x", { fence: false });
    const fenced = locks.acquire("x", { wait: "1m" });
    const plain = locks.acquire("x", { wait: "1m", fence: false });
    await held.release();
    await clock.advance(0);
    const first = await fenced;
    expect(first.fence).toBeGreaterThan(0);
    await first.release();
    await clock.advance(0);
    const second = await plain;
    expect(await second.verify()).toBe(true);
    expect(() => second.fence).toThrow(/no fence/);
    await second.release();
  });

  test("the ttl is that of who is handed the lock", async () => {
    const { clock, locks, store } = processes();
    const held = await locks.acquire("x", { ttl: "1m" });
    const waits = locks.acquire("x", { ttl: "5s" });
    await held.release();
    await clock.advance(0);
    expect((await waits).remaining()).toBeLessThanOrEqual(5000);
    expect(store.entries().find(({ key }) => key === "lock:x")?.pttl).toBeLessThanOrEqual(5000);
  });

  test("a lease that was lost hands nothing over, and the line goes on", async () => {
    const { clock, locks, remote } = processes();
    const held = await locks.acquire("x");
    const waits = locks.acquire("x", { wait: "1m" });
    await remote.forceRelease("x");
    const other = await remote.acquire("x");
    expect(await held.release()).toBe(false);
    await clock.advance(3_000);
    await other.release();
    await clock.advance(3_000);
    expect((await waits).held).toBe(true);
  });

  test("nothing stays behind for locks that were never released", async () => {
    const { clock, locks } = processes();
    for (let n = 0; n < 500; n++) {
      await locks.acquire(`name ${n}`, { ttl: "1s" });
      await clock.advance(100);
    }
    expect(clock.pending.count).toBeLessThan(50);
  });
});

describe("a hand-over whose outcome is unknown", () => {
  test.each([
    ["its reply is lost", LOST_REPLY],
    ["it never arrives", BLACK_HOLE],
    ["it arrives long after", { arrives: 8_000 }],
  ])("cleans up both tokens: %s", async (_, treatment) => {
    const { clock, locks, network, store } = processes();
    const held = await locks.acquire("x", { ttl: "20s", commandTimeout: "1s" });
    const waits = locks.acquire("x", { wait: "1m", ttl: "20s", commandTimeout: "1s" });
    await clock.advance(0);
    network.treat = ({ command }) => (command === "hand" ? treatment : undefined);
    const released = held.release();
    await clock.advance(5_000);
    expect(await released).toBe(true);
    const next = await clock.runUntilSettled(waits);
    expect(await next.verify()).toBe(true);
    await clock.advance(10_000);
    expect(next.held).toBe(true);
    expect(await next.verify()).toBe(true);
    expect(await next.release()).toBe(true);
    await clock.advance(10_000);
    expect(lockKeys(store)).toEqual([]);
  });

  test("executed twice it is handed over once", async () => {
    const { clock, locks, network, store } = processes();
    network.treat = ({ command }) => (command === "hand" ? { twice: true } : undefined);
    const held = await locks.acquire("x");
    const first = locks.acquire("x", { wait: "1m" });
    const second = locks.acquire("x", { wait: "1m" });
    await held.release();
    await clock.advance(0);
    const lease = await first;
    expect(await lease.verify()).toBe(true);
    await lease.release();
    await clock.advance(0);
    await (await second).release();
    expect(lockKeys(store)).toEqual([]);
  });

  test("a wait that ends meanwhile gives back what it was handed", async () => {
    const { clock, locks, network, store } = processes();
    const held = await locks.acquire("x");
    const abort = new AbortController();
    const gone = rejection(locks.acquire("x", { wait: "1m", signal: abort.signal }));
    await clock.advance(0);
    network.treat = ({ command }) => (command === "hand" ? { answers: 100 } : undefined);
    const released = held.release();
    await clock.advance(50);
    abort.abort(new Error("no longer"));
    await gone;
    await clock.advance(100);
    expect(await released).toBe(true);
    await clock.advance(0);
    expect(lockKeys(store)).toEqual([]);
  });

  test("nor is it handed what another gives it meanwhile: that token is being given back", async () => {
    const { clock, locks, network } = processes();
    const slow = await locks.acquire("x", { ttl: "500ms", commandTimeout: "1s" });
    const waits = locks.acquire("x", { wait: "1m", commandTimeout: "2s", retry: () => 600 });
    await clock.advance(400);
    network.treat = ({ command, nth }) => {
      if (command === "hand") return nth === 1 ? BLACK_HOLE : { answers: 1_000 };
      return command === "acquire" && nth === 3 ? { answers: 1_200 } : undefined;
    };
    const released = rejection(slow.release());
    await clock.advance(110);
    const other = (await locks.tryAcquire("x")) as Lease;
    const handed = other.release();
    const lease = await clock.runUntilSettled(waits);
    expect(network.sent("hand")).toBe(2);
    expect(await lease.verify()).toBe(true);
    expect(await lease.release()).toBe(true);
    expect(await handed).toBe(true);
    expect(await released).toMatchObject({ code: "BACKEND" });
  });

  test("what cleans up after a wait hands nothing over", async () => {
    const { clock, locks, network, store } = processes();
    network.treat = () => LOST_REPLY;
    const lost = rejection(locks.tryAcquire("x", { commandTimeout: "200ms" }));
    const waits = locks.acquire("x", { wait: "1m", commandTimeout: "200ms" });
    await clock.advance(1_000);
    network.treat = () => undefined;
    const lease = await clock.runUntilSettled(waits);
    expect(await lost).toMatchObject({ code: "BACKEND" });
    expect(network.sent("hand")).toBe(0);
    expect(await lease.release()).toBe(true);
    await clock.advance(10_000);
    expect(lockKeys(store)).toEqual([]);
  });

  test("a poll that is under way is answered with the same grant", async () => {
    const { clock, locks, network, remote } = processes();
    const other = await remote.acquire("x", { ttl: "1s" });
    const first = locks.acquire("x", { wait: "1m", ttl: "20s" });
    await clock.advance(0);
    await other.release();
    await clock.advance(2_000);
    const held = await first;
    network.treat = ({ command }) => (command === "acquire" ? { arrives: 300, answers: 300 } : undefined);
    const waits = locks.acquire("x", { wait: "1m", retry: () => 100 });
    await clock.advance(250);
    await held.release();
    const lease = await clock.runUntilSettled(waits);
    await clock.advance(2_000);
    expect(await lease.verify()).toBe(true);
    expect(await lease.release()).toBe(true);
  });
});

describe("who waits in another process", () => {
  test("has its turn soon, however busy this one is", async () => {
    const { clock, locks, remote, network, sleep } = processes();
    let over = false;
    const worker = async () => {
      while (!over) await locks.request("x", { wait: "1h" }, () => sleep(5));
    };
    const workers = Array.from({ length: 5 }, worker);
    await clock.advance(100);
    const waited: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const began = clock.monotonic();
      const lease = await clock.runUntilSettled(remote.acquire("x", { wait: "1m" }));
      waited.push(clock.monotonic() - began);
      await lease.release();
    }
    // Half a second until its mark counts, one hold, and its own pause.
    expect(Math.max(...waited)).toBeLessThan(2_600);
    over = true;
    await clock.runUntilSettled(Promise.all(workers));
    expect(network.sent("hand")).toBeGreaterThan(100);
  });

  test("does not slow this one down when there is none", async () => {
    const { clock, locks, network, sleep } = processes();
    const began = clock.monotonic();
    const worker = async () => {
      for (let n = 0; n < 100; n++) await locks.request("x", { wait: "1h" }, () => sleep(5));
    };
    await clock.runUntilSettled(Promise.all(Array.from({ length: 5 }, worker)));
    expect(clock.monotonic() - began).toBe(500 * 5);
    expect(network.sent("hand") + network.sent("release")).toBe(500);
    expect(network.sent("acquire")).toBeLessThan(50);
  });

  test("leaves no mark at a lock that is held by who hands nothing over", async () => {
    const clock = virtualClock();
    const store = memory({ clock });
    const alone = createLocks(store, { clock });
    const remote = createLocks({ ...store, sharesProcess: true }, { clock });
    await alone.acquire("x");
    const waits = rejection(remote.acquire("x", { wait: "3s" }));
    await clock.advance(3_000);
    await waits;
    expect(store.entries().map(({ key }) => key)).not.toContain("alive.dcr7:lock:x");
  });
});

describe("who asks every 20 ms and leaves no mark, as another library does", () => {
  test.each([
    ["has no turn while somebody here is always in line", true],
    ["has its turns where nothing is handed over", false],
  ])("%s", async (_, sharesProcess) => {
    const { clock, store, sleep } = processes();
    const locks = createLocks({ ...store, sharesProcess }, { clock });
    const another = createLocks(store, { clock });
    let over = false;
    let turns = 0;
    const worker = async () => {
      for (; !over; await sleep(5)) await locks.request("x", { wait: "1h" }, () => sleep(50));
    };
    const other = async () => {
      for (; !over; await sleep(20)) {
        const lease = await another.tryAcquire("x");
        if (lease) turns++;
        if (lease) await sleep(50);
        await lease?.release();
      }
    };
    const all = [worker(), worker(), worker()];
    await clock.advance(100);
    all.push(other());
    await clock.advance(60_000);
    over = true;
    await clock.runUntilSettled(Promise.all(all));
    if (sharesProcess) expect(turns).toBe(0);
    else expect(turns).toBeGreaterThan(100);
  });
});

describe("a long job", () => {
  test("that is renewed is known to be here: who waits for it leaves no mark, and is handed the lock at once", async () => {
    const { clock, locks, store } = processes();
    const held = await locks.acquire("x", { ttl: "3s", renew: true });
    const waits = locks.acquire("x", { wait: "1h" });
    await clock.advance(60_000);
    expect(store.entries().map(({ key }) => key)).not.toContain("alive.dcr7:lock:x");
    await held.release();
    await clock.advance(0);
    expect((await waits).held).toBe(true);
  });

  test("gives nobody's turn away when a wait here ends", async () => {
    const { clock, locks, remote, network } = processes();
    const other = await remote.acquire("x", { ttl: "1m" });
    const short = rejection(locks.acquire("x", { wait: "2s" }));
    const long = locks.acquire("x", { wait: "1m", retry: () => 100 });
    await clock.advance(3_000);
    await short;
    const asked = network.sent("acquire");
    await clock.advance(1_000);
    expect(network.sent("acquire") - asked).toBeGreaterThan(8);
    await other.release();
    await clock.advance(110);
    expect((await long).held).toBe(true);
  });
});

test("a single flight that waits for a lock held here leaves the mark, and no result", async () => {
  const { clock, locks, store } = processes();
  await locks.acquire("x", { ttl: "1m" });
  const flight = rejection(singleFlight(createLocks(store, { clock }), "x", { keep: "1m", wait: "1s" }, () => 1));
  await clock.advance(500);
  const keys = store.entries().map(({ key }) => key);
  expect(keys).toContain("alive.dcr7:lock:x");
  expect(keys).not.toContain("result.qdb:lock:x");
  await clock.advance(1_000);
  expect(await flight).toMatchObject({ code: "TIMEOUT" });
});
