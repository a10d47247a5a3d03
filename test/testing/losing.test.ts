import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Lease, type LostReason } from "../../src/index.ts";
import { faulty, virtualClock } from "../../src/testing.ts";
import { read, tableUnder } from "../docs/markdown.ts";

const page = read("docs/testing.md");
const rows = tableUnder(page, "When a lock is lost");

/** How long it takes until a loss is noticed after what the page does. */
const AFTER: Record<LostReason, number> = {
  unreachable: 30_000,
  taken: 10_000,
  deleted: 10_000,
  expired: 0,
  "max-hold": 900_000,
  closed: 0,
};

function stage() {
  const clock = virtualClock();
  const store = memory({ clock });
  const network = faulty(store);
  return { clock, network, locks: createLocks(network, { clock }), others: createLocks(store, { clock }) };
}

/** Does what the page's cell says, if it is a call. */
function perform(cell: string, scope: object): unknown {
  const [, code = ""] = /^`([^`]*\))`/.exec(cell) ?? [];
  return new Function(...Object.keys(scope), `return ${code}`)(...Object.values(scope));
}

test.each(rows.map(([, how = "", reason = ""]) => [reason.replaceAll("`", "") as LostReason, how] as const))(
  "a lease is lost as the page says: %s by %s",
  async (reason, how) => {
    const { clock, network, locks, others } = stage();
    const lease: Lease = await locks.acquire("x", { renew: true });
    await clock.advance(1000);
    expect(lease.held).toBe(true);
    await perform(how, { clock, network, locks, others, lease, name: "x", ms: 30_000 });
    await clock.advance(AFTER[reason]);
    expect(lease.held).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason });
  },
);

test("what somebody took is noticed by verify() too", async () => {
  const { locks, others } = stage();
  const lease = await locks.acquire("x");
  await others.forceRelease("x");
  expect(lease.held).toBe(true);
  expect(await lease.verify()).toBe(false);
  expect(lease.signal.reason).toMatchObject({ reason: "taken" });
});

test("maxHold is what ends it: with a longer one it goes on", async () => {
  const { clock, locks } = stage();
  const [short, long] = await Promise.all(
    ["1m", "1h"].map((maxHold) => locks.acquire(maxHold, { renew: true, maxHold: maxHold as "1m" })),
  );
  await clock.advance(60_000);
  expect([short?.signal.reason?.reason, long?.held]).toEqual(["max-hold", true]);
});

test("every reason is on the page, and the members of the clock and the faults are those there are", () => {
  const cells = (heading: string) =>
    tableUnder(page, heading).map((row) => /\w[\w-]*/.exec((row[0] ?? "").replaceAll("`", ""))?.[0]);
  expect(rows.map(([, , reason]) => reason?.replaceAll("`", "")).sort()).toEqual(Object.keys(AFTER).sort());
  expect(cells("When Redis misbehaves")).toEqual(["fail", "hang", "loseReply"]);
  const clock = virtualClock();
  for (const member of cells("Time that passes when you say so")) expect(clock).toHaveProperty(member as string);
});
