import { expect, test } from "vitest";
import { createLocks, type LockEvent } from "../../src/index.ts";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE } from "../support/wire.ts";

type Bench = ReturnType<typeof bench>;

/** How each kind of event comes about, under the label "me", and what it then has besides the common fields. */
const KINDS: Record<string, { happen(all: Bench): Promise<unknown>; more?: object }> = {
  waiting: {
    async happen({ locks, rival }) {
      await rival.acquire("x");
      await locks.tryAcquire("x");
    },
  },
  acquired: { happen: ({ locks }) => locks.acquire("x") },
  renewed: {
    async happen({ locks, clock }) {
      const lease = await locks.acquire("x", { renew: true });
      await clock.advance(10_000);
      return lease;
    },
  },
  released: { happen: async ({ locks }) => (await locks.acquire("x")).release() },
  lost: {
    async happen({ locks, rival, clock }) {
      const lease = await locks.acquire("x", { renew: true });
      await rival.forceRelease("x");
      await clock.advance(10_000);
      return lease;
    },
    more: { reason: "taken", error: expect.objectContaining({ code: "LOST", reason: "taken", lockName: "x" }) },
  },
  "failed acquire": {
    async happen({ locks, network }) {
      network.treat = () => ({ refuses: new Error("NOAUTH") });
      await rejection(locks.acquire("x"));
    },
    more: { during: "acquire", error: expect.objectContaining({ code: "BACKEND", lockName: "x" }) },
  },
  "failed renew": {
    async happen({ locks, network, clock }) {
      const lease = await locks.acquire("x", { renew: true });
      network.treat = () => ({ refuses: new Error("LOADING") });
      await clock.advance(10_000);
      return lease;
    },
    more: { during: "renew", error: expect.objectContaining({ code: "BACKEND", lockName: "x" }) },
  },
  "failed release": {
    async happen({ locks, network }) {
      await locks.request("x", () => {
        network.treat = () => ({ refuses: new Error("NOAUTH") });
      });
    },
    more: { during: "release", error: expect.objectContaining({ code: "BACKEND", lockName: "x" }) },
  },
  "failed clean-up": {
    async happen({ locks, network, clock }) {
      network.treat = () => BLACK_HOLE;
      await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
      await clock.advance(60_000);
    },
    more: { during: "clean-up", error: expect.objectContaining({ code: "BACKEND", lockName: "x" }) },
  },
};

/** A lease that is dropped may be collected, and is renewed no more. */
const leases: unknown[] = [];

const kindOf = ({ type, during }: LockEvent) => (during ? `${type} ${during}` : type);

test.for(Object.entries(KINDS))(
  "%s: name, milliseconds, attempts, owner, and no more than it should have",
  async ([kind, { happen, more }]) => {
    const all = bench({ owner: "me" });
    leases.push(await happen(all));
    const event = all.events.find((each) => kindOf(each) === kind) as LockEvent;
    const [type] = kind.split(" ");
    const common = { type, name: "x", ms: expect.any(Number), attempts: expect.any(Number), owner: "me" };
    expect(event).toEqual({ ...common, ...more });
    expect(event.ms).toBeGreaterThanOrEqual(0);
    expect(event.attempts).toBeGreaterThanOrEqual(1);
  },
);

test.each([
  ["taken", "forced"],
  ["deleted", "unrecorded"],
])("a lease that turns out to be gone only when it is released is lost too: %s", async (reason, answer) => {
  const { locks, network, clock, events } = bench({ owner: "me" });
  const lease = await locks.acquire("x");
  network.treat = () => ({ says: [answer, -1, "", "="] });
  await clock.advance(100);
  expect(await lease.release()).toBe(false);
  expect(events.slice(1)).toEqual([
    { type: "lost", name: "x", ms: 100, attempts: 1, owner: "me", reason, error: expect.any(Error) },
  ]);
});

test("request tells of a loss that it learns of by its release, once, before it rejects with it", async () => {
  const { locks, rival, events } = bench();
  const error = await rejection(locks.request("x", () => rival.forceRelease("x")));
  expect(error).toMatchObject({ code: "LOST", reason: "taken", result: true });
  expect(events.map(({ type, reason }) => [type, reason])).toEqual([
    ["acquired", undefined],
    ["lost", "taken"],
  ]);
});

test.each(["max-hold", "closed"])("what was lost by %s is still given back, and says so", async (reason) => {
  const { locks, clock, events } = bench();
  const held = locks.request("x", { ttl: "5s", maxHold: "5s" }, async () => {
    await new Promise<void>((resolve) => clock.timer(6000, resolve));
  });
  await clock.advance(1000);
  if (reason === "closed") await locks.close();
  expect(await clock.runUntilSettled(rejection(held))).toMatchObject({ code: "LOST", reason });
  const told = events.filter(({ type }) => type !== "renewed").map((event) => event.reason ?? event.type);
  expect(told).toEqual(["acquired", reason, "released"]);
});

test("an event can be switched on by its type, and every member asked for without that", async () => {
  const told: string[] = [];
  const { store } = bench();
  const locks = createLocks(store, {
    onEvent(event) {
      switch (event.type) {
        case "lost":
          return void told.push(`${event.reason} ${event.error.reason}`);
        case "failed":
          return void told.push(`${event.during} ${event.error.errors.length}`);
        default:
          told.push(`${event.type} ${event.error}`);
      }
    },
  });
  await locks.request("x", () => {});
  expect(told).toEqual(["acquired undefined", "released undefined"]);
});
