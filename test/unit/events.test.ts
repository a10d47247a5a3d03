import { expect, test } from "vitest";
import { bench, rejection } from "../support/bench.ts";
import { BLACK_HOLE, LOST_REPLY } from "../support/wire.ts";

test("a lock that was waited for, renewed and released: each event once, in order, with its fields", async () => {
  const { clock, locks, rival, events } = bench({ ttl: "9s", owner: "me" });
  const held = await rival.acquire("x");
  const waiting = locks.acquire("x", { renew: true, retry: () => 1000 });
  await clock.advance(2500);
  await held.release();
  const lease = await clock.runUntilSettled(waiting);
  await clock.advance(7000);
  await lease.release();
  await clock.advance(60_000);
  expect(events).toEqual([
    { type: "waiting", name: "x", ms: 0, attempts: 1, owner: "me" },
    { type: "acquired", name: "x", ms: 3000, attempts: 4, owner: "me" },
    { type: "renewed", name: "x", ms: 3000, attempts: 1, owner: "me" },
    { type: "renewed", name: "x", ms: 6000, attempts: 2, owner: "me" },
    { type: "released", name: "x", ms: 7000, attempts: 1, owner: "me" },
  ]);
});

test("a lock that was lost says so once, with the reason and the error, and is not released", async () => {
  const { clock, locks, events } = bench();
  const lease = await locks.acquire("x");
  await clock.advance(60_000);
  await lease.release();
  expect(events.map(({ type }) => type)).toEqual(["acquired", "lost"]);
  expect(events[1]).toMatchObject({ name: "x", reason: "expired", error: { code: "LOST", reason: "expired" } });
  expect(events[1]?.error).toBe(lease.signal.reason);
  expect(events[1]?.ms).toBeCloseTo(29_673, 0);
});

test.each([
  [
    "acquire",
    ["failed acquire"],
    async ({ locks, network, clock }: ReturnType<typeof bench>) => {
      network.treat = () => ({ refuses: new Error("NOAUTH Authentication required.") });
      await clock.runUntilSettled(rejection(locks.acquire("x")));
    },
  ],
  [
    "clean-up",
    ["failed acquire", "failed clean-up"],
    async ({ locks, network, clock }: ReturnType<typeof bench>) => {
      network.treat = () => BLACK_HOLE;
      await clock.runUntilSettled(rejection(locks.tryAcquire("x")));
      await clock.advance(60_000);
    },
  ],
  [
    "release",
    ["acquired", "failed release"],
    async ({ locks, network }: ReturnType<typeof bench>) => {
      network.treat = ({ command }) => (command === "release" ? { refuses: new Error("NOAUTH") } : undefined);
      const lease = await locks.acquire("x");
      await rejection(lease.release());
      await lease[Symbol.asyncDispose]();
    },
  ],
  [
    "renew",
    ["acquired", "failed renew", "renewed", "released"],
    async ({ locks, network, clock }: ReturnType<typeof bench>) => {
      network.treat = ({ command, nth }) => (command === "extend" && nth === 1 ? LOST_REPLY : undefined);
      const lease = await locks.acquire("x", { renew: true });
      await clock.advance(16_000);
      await lease.release();
    },
  ],
])("what failed says during what: %s", async (_, expected, run) => {
  const all = bench();
  await run(all);
  expect(all.events.map(({ type, during }) => (during ? `${type} ${during}` : type))).toEqual(expected);
  for (const { type, name, error } of all.events) {
    expect(name).toBe("x");
    if (type === "failed") expect(error).toMatchObject({ code: "BACKEND", lockName: "x" });
  }
});

test("a lock that was not had is no failure: it was waited for", async () => {
  const { clock, locks, rival, events } = bench();
  await rival.acquire("x");
  await locks.tryAcquire("x");
  await clock.runUntilSettled(rejection(locks.acquire("x", { wait: "1s" })));
  expect(events.map(({ type }) => type)).toEqual(["waiting", "waiting"]);
});

test("an event never carries a token, not even deep inside", async () => {
  const { clock, locks, network, events } = bench({ owner: "me" });
  network.treat = (call) => (call.nth === 1 ? { throws: new Error(`EVAL failed: ${call.args.join(" ")}`) } : undefined);
  const lease = await clock.runUntilSettled(locks.acquire("x", { renew: true }));
  await clock.advance(60_000);
  await clock.runUntilSettled(lease.release());
  expect(events.length).toBeGreaterThan(3);
  expect(JSON.stringify(events.map((event) => [event, event.error?.message, event.error?.stack]))).not.toContain(
    lease.token.slice(0, 23),
  );
});

test.each([
  [
    "throws",
    () => {
      throw new Error("in the handler");
    },
  ],
  ["rejects", () => Promise.reject(new Error("in the handler"))],
  ["never settles", () => new Promise(() => {})],
  [
    "returns a thenable that throws",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is the case
      then: () => {
        throw new Error("in the handler");
      },
    }),
  ],
])("an onEvent that %s changes nothing", async (_, onEvent) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { clock, locks, rival } = bench({ onEvent: onEvent as () => void });
  const held = await rival.acquire("x");
  const waiting = locks.acquire("x", { renew: true });
  await clock.advance(1000);
  await held.release();
  const lease = await clock.runUntilSettled(waiting);
  await clock.advance(60_000);
  expect(await lease.release()).toBe(true);
  const lost = await locks.acquire("x");
  await clock.advance(60_000);
  expect(lost.held).toBe(false);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
