import { describe, expect, test } from "vitest";
import type { Lease } from "../../src/index.ts";
import { covered, inOrder, type Line, line, type Process } from "../support/line.ts";
import { BLACK_HOLE } from "../support/wire.ts";

const LISTENING = ["listening", "listening together"] as const;

/** For how long an answer keeps the place of who listens, in milliseconds. */
const LIFE = 3000;

interface Pair {
  all: Line;
  holder: Lease;
  waiter: Process;
  /** When the waiter's last poll was sent, on the monotonic clock. */
  polled(): number;
  wait: Promise<Lease>;
}

/** A waiter that hears of its turn 600 ms after a poll. */
async function pair(way: (typeof LISTENING)[number], options: object = {}): Promise<Pair> {
  const all = await line(way, { renew: true, ...options });
  const holder = await all.process().locks.acquire("x", { ttl: "1m", renew: false });
  const waiter = all.process();
  const [wait] = await inOrder(all.clock, [() => waiter.locks.acquire("x")]);
  await all.clock.advance(5600);
  const polled = () => waiter.network.calls.filter(({ command }) => command === "join").at(-1)?.at as number;
  return { all, holder, waiter, polled, wait: wait as Promise<Lease> };
}

describe.each(LISTENING)("%s", (way) => {
  test("a grant that a message tells of is dated by the poll before it", async () => {
    const { all, holder, polled, wait } = await pair(way);
    await holder.release();
    const lease = await wait;
    expect(all.lock()?.value).toBe(`?${lease.token}`);
    const left = LIFE - LIFE / 100 - 2 - (all.clock.monotonic() - polled());
    expect(lease.remaining()).toBeCloseTo(left, 5);
    expect(left).toBeLessThan(LIFE - 500);
    expect(covered(all, lease)).toBe(true);
    expect((await all.process().locks.query("x")).holders[0]?.fence).toBe(lease.fence);
  });

  test("its renewal confirms it, at a third of what is left", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    await holder.release();
    const lease = await wait;
    const third = lease.remaining() / 3;
    await all.clock.advance(third - 50);
    expect(waiter.network.sent("extend")).toBe(0);
    await all.clock.advance(100);
    expect(waiter.network.sent("extend")).toBe(1);
    expect(all.lock()?.value).toBe(lease.token);
    expect(lease.remaining()).toBeGreaterThan(29_000);
    await all.clock.advance(60_000);
    expect(lease.held).toBe(true);
  });

  test.each([
    ["its renewal", () => {}],
    ["a verify()", (lease: Lease) => void lease.verify().catch(() => {})],
    ["an extend()", (lease: Lease) => void lease.extend().catch(() => {})],
  ])("%s that the network swallows is asked again before the lease ends", async (_, ask) => {
    const { all, holder, waiter, wait } = await pair(way, { commandTimeout: "5s" });
    let swallowed = 0;
    waiter.network.treat = ({ command }) => (command === "extend" && !swallowed++ ? BLACK_HOLE : undefined);
    await holder.release();
    const lease = await wait;
    ask(lease);
    await all.clock.advance(LIFE);
    expect(swallowed).toBeGreaterThan(1);
    expect(lease.remaining()).toBeGreaterThan(25_000);
    expect(covered(all, lease)).toBe(true);
    await all.clock.advance(60_000);
    expect(lease.held).toBe(true);
  });

  test("a verify() far away is answered all the same", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    await holder.release();
    const lease = await wait;
    waiter.network.treat = ({ command }) => (command === "extend" ? { arrives: 200, answers: 200 } : undefined);
    expect(await all.clock.runUntilSettled(lease.verify())).toBe(true);
    await all.clock.advance(60_000);
    expect(lease.held).toBe(true);
  });

  test("its first renewal has time for a slow answer", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    await holder.release();
    const lease = await wait;
    waiter.network.treat = ({ command }) => (command === "extend" ? { arrives: 400, answers: 400 } : undefined);
    await all.clock.advance(60_000);
    expect(lease.held).toBe(true);
  });

  test("without a renewal that could confirm it, it is confirmed before the lease begins", async () => {
    const { all, holder, wait } = await pair(way, { renew: false });
    await holder.release();
    const lease = await wait;
    expect(all.lock()?.value).toBe(lease.token);
    expect(lease.remaining()).toBeGreaterThan(29_000);
    expect(covered(all, lease)).toBe(true);
  });

  test("it ends by itself when Redis cannot be reached, before anybody else can have the lock", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    await holder.release();
    const lease = await wait;
    waiter.network.treat = () => BLACK_HOLE;
    const other = all.process();
    const next = other.locks.acquire("x");
    let overlap = false;
    void next.then(() => {
      overlap = lease.held;
    });
    await all.clock.runUntilSettled(next);
    expect(overlap).toBe(false);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: "LOST" });
  });

  test.each([
    ["30s", true],
    ["2s", true],
    ["500ms", false],
    ["100ms", false],
  ])("with a ttl of %s a message is enough: %s", async (ttl, enough) => {
    const { all, holder, waiter, wait } = await pair(way, { ttl });
    const before = waiter.network.sent("join");
    const token = all.standing()[0];
    await holder.release();
    const lease = await wait;
    // The ttl may be over since the last poll: then it asks, and loses nothing by it.
    expect(lease.token).toBe(token);
    expect(waiter.network.sent("join") - before).toBe(enough ? 0 : 1);
    expect(waiter.network.sent("pass")).toBe(0);
    expect(covered(all, lease)).toBe(true);
  });

  test("a message that is lost costs one poll", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    waiter.hear = () => {};
    await holder.release();
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(wait);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(1000);
    expect(waiter.messages).toHaveLength(1);
  });

  test("one that is late, when the lock it tells of has lapsed, grants nothing", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    const [token] = all.standing();
    let late = () => {};
    waiter.hear = (_, deliver) => {
      late = deliver;
    };
    // The whole process is stopped: nothing that it sends arrives before it goes on.
    waiter.network.treat = () => ({ arrives: 10_000 });
    await holder.release();
    const other = await all.clock.runUntilSettled(all.process().locks.acquire("x", { ttl: "1m" }));
    all.clock.block(2000);
    late();
    await all.clock.advance(1);
    expect(other.held).toBe(true);
    waiter.network.treat = () => undefined;
    waiter.hear = (_, deliver) => deliver();
    await all.clock.advance(20_000);
    expect(other.held).toBe(true);
    await other.release();
    const lease = await all.clock.runUntilSettled(wait);
    expect(lease.token).not.toBe(token);
    expect(lease.fence).toBeGreaterThan(other.fence);
  });

  test("one that comes twice, for another, of an earlier grant, or is garbage, makes nobody a holder", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    const [token = ""] = all.standing();
    const sent = waiter.network.sent("join");
    let granted = false;
    void wait.then(() => {
      granted = true;
    });
    for (const message of [
      "",
      " ",
      "1",
      "{}",
      "null",
      token,
      ` ${token} 5`,
      `${token} `,
      `${token} 0`,
      `${token} -1`,
      `${token} 1e30`,
      `${token} 0x7fffffffffffff`,
      `${token} NaN`,
      `${token} 5 5`,
      `t${"a".repeat(22)} 9007199254740991`,
      `${token} ${holder.fence}`,
      `${token} ${holder.fence - 1}`,
    ]) {
      waiter.say(message);
      await all.clock.advance(1);
    }
    expect(all.standing()).toEqual([token]);
    await all.clock.advance(300);
    expect(granted).toBe(false);
    expect(holder.held).toBe(true);
    // Those of an earlier grant made it ask, and no more.
    expect(waiter.network.sent("join") - sent).toBeLessThanOrEqual(3);

    waiter.hear = (message, deliver) => {
      deliver(message);
      deliver(message);
    };
    await holder.release();
    const lease = await wait;
    expect(lease.token).toBe(token);
    waiter.say(`${token} ${lease.fence}`);
    waiter.say(`${token} ${lease.fence + 1}`);
    expect(await lease.release()).toBe(true);
    await all.nothingLeft();
    expect(all.clock.pending.count).toBe(0);
  });

  test("one that was forged by who can read the keys is noticed at the first renewal, or by verify()", async () => {
    const { all, holder, waiter, wait } = await pair(way);
    waiter.say(`${all.standing()[0]} ${holder.fence + 1}`);
    const lease = await wait;
    expect(await lease.verify()).toBe(false);
    expect(lease.held).toBe(false);
    await lease.release();
    expect(holder.held).toBe(true);
  });

  test("what was said before listening had begun is asked for then", async () => {
    const all = await line(way, { renew: true });
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const waiter = all.process();
    const { wakeups } = waiter.network;
    waiter.network.wakeups = {
      async listen(channel, onMessage) {
        await new Promise<void>((resolve) => all.clock.timer(300, resolve));
        return wakeups?.listen(channel, onMessage) ?? (() => {});
      },
    };
    const wait = waiter.locks.acquire("x", { retry: () => 1000 });
    await all.clock.advance(250);
    const asked = waiter.network.calls.at(-1)?.at ?? 0;
    await all.clock.advance(49);
    await holder.release();
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(wait);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(10);
    expect(waiter.messages).toEqual([]);
    expect(asked).toBeGreaterThan(0);
  });

  test("who cannot have had its turn before listening had begun does not ask", async () => {
    const all = await line(way, { renew: true });
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const waiters = Array.from({ length: 5 }, () => {
      const { locks, network } = all.process();
      const { wakeups } = network;
      network.treat = () => ({ arrives: 10, answers: 10 });
      network.wakeups = {
        async listen(channel, onMessage) {
          await new Promise<void>((resolve) => all.clock.timer(25, resolve));
          return wakeups?.listen(channel, onMessage) ?? (() => {});
        },
      };
      return { locks, network };
    });
    const waits = await inOrder(
      all.clock,
      waiters.map(
        ({ locks }) =>
          () =>
            locks.acquire("x"),
      ),
    );
    await all.clock.advance(900);
    // 45 ms after it was asked: two who were before it may have been served, by requests of 20 ms, and not three.
    expect(waiters.map(({ network }) => network.sent("join"))).toEqual([2, 2, 2, 1, 1]);
    const last = Promise.all(waits.map(async (wait) => (await wait).release()));
    await holder.release();
    await all.clock.runUntilSettled(last);
  });

  test.each([
    ["is refused", () => Promise.reject(new Error("too many connections"))],
    ["never begins", () => new Promise<never>(() => {})],
  ])("where listening %s, polls do", async (_, listen) => {
    const all = await line(way, { renew: true });
    const processes = [all.process(), all.process()];
    for (const { network } of processes) network.wakeups = { listen };
    const turns = await inOrder(
      all.clock,
      [..."abcd"].map((who, index) => () => all.turn(processes[index % 2] as Process, who)),
    );
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.clock.monotonic() - began).toBeLessThan(4 * 1100);
    expect(all.served).toEqual([..."abcd"]);
    await all.nothingLeft();
  });
});

describe("several of one process", () => {
  test("hand the lock on among them without a message and without asking", async () => {
    const all = await line("listening together", { renew: true });
    const one = all.process();
    const turns = await inOrder(
      all.clock,
      [..."abcdefgh"].map((who) => () => all.turn(one, who, 9)),
    );
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(8 * 9);
    expect(all.served).toEqual([..."abcdefgh"]);
    expect(one.messages).toEqual([]);
    expect(one.network.sent("join")).toBeLessThanOrEqual(8 + 1);
    expect(one.network.sent("pass")).toBe(8);
  });

  test("listen on for a moment when nobody waits any more, but not beyond close", async () => {
    const all = await line("listening together", { renew: true });
    let refused = 1;
    const listening = new Set<string>();
    function ear(): Process {
      const one = all.process();
      const { wakeups } = one.network;
      one.network.wakeups = {
        async listen(channel, onMessage) {
          if (refused-- > 0) throw new Error("too many connections");
          const end = await wakeups?.listen(channel, onMessage);
          const session = `${channel} ${refused}`;
          listening.add(session);
          return () => {
            listening.delete(session);
            end?.();
          };
        },
      };
      return one;
    }
    async function both(one: Process, hold = 9): Promise<void> {
      const turns = await inOrder(
        all.clock,
        ["a", "b"].map((who) => () => all.turn(one, who, hold)),
      );
      await all.clock.runUntilSettled(Promise.all(turns));
    }

    const one = ear();
    await both(one);
    expect(listening.size).toBe(0);
    // Who could not listen tries again.
    await both(one);
    await all.clock.advance(200);
    const [session] = listening;
    expect(session).toBeDefined();
    const long = both(one, 100);
    await all.clock.advance(80);
    expect([...listening]).toEqual([session]);
    await long;
    await all.clock.advance(200);
    await all.clock.runUntilSettled(all.turn(one, "nobody waits", 9));
    await all.clock.advance(50);
    expect(listening.size).toBe(0);

    await both(one);
    expect(listening.size).toBe(1);
    await one.locks.close();
    expect(listening.size).toBe(0);

    const other = ear();
    const turns = await inOrder(
      all.clock,
      ["c", "d"].map((who) => () => all.turn(other, who, 9)),
    );
    expect(listening.size).toBe(1);
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(Promise.allSettled([...turns, other.locks.close({ grace: "1s" })]));
    expect(all.clock.monotonic() - began).toBeLessThan(50);
    expect(listening.size).toBe(0);
  });

  test("one is told by what another asks, where the message was lost and they stand in another order here", async () => {
    const all = await line("listening together", { renew: true, commandTimeout: "300ms" });
    const holder = await all.process().locks.acquire("x", { ttl: "1m", renew: false });
    const one = all.process();
    // The first of them learns of its place after the second did.
    one.network.treat = ({ command, nth }) => (command === "join" && nth === 1 ? { answers: 5000 } : undefined);
    const turns = await inOrder(all.clock, [() => all.turn(one, "first"), () => all.turn(one, "second")]);
    await all.clock.advance(5000);
    one.hear = () => {};
    await holder.release();
    const began = all.clock.monotonic();
    await all.clock.runUntilSettled(turns[0] as never);
    expect(all.clock.monotonic() - began).toBeLessThanOrEqual(1000 + 20);
    await all.clock.runUntilSettled(Promise.all(turns));
    expect(all.served).toEqual(["first", "second"]);
  });

  test("one whose place lapsed learns of it, however many come meanwhile", async () => {
    const all = await line("listening together", { commandTimeout: "300ms" });
    const holder = await all.process().locks.acquire("x", { ttl: "1m" });
    const one = all.process();
    const [wait] = await inOrder(all.clock, [() => one.locks.acquire("x")]);
    await all.clock.advance(1500);
    one.network.treat = () => BLACK_HOLE;
    await all.clock.advance(5000);
    // Its place is at the front, and lapsed.
    await holder.release();
    const other = await all.process().locks.acquire("x", { ttl: "1m" });
    expect(all.standing()).toEqual([]);
    one.network.treat = () => undefined;
    for (let more = 0; more < 8; more++) {
      void one.locks.acquire("x").catch(() => {});
      await all.clock.advance(200);
    }
    expect(all.standing()).toHaveLength(9);
    await other.release();
    await all.clock.runUntilSettled(wait as never);
    await one.locks.close();
  });
});
