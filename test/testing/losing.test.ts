import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Lease, type Locks } from "../../src/index.ts";
import { type FaultyTransport, faulty, type VirtualClock, virtualClock } from "../../src/testing.ts";
import { read, tableUnder } from "../docs/markdown.ts";

interface Stage {
  clock: VirtualClock;
  network: FaultyTransport;
  locks: Locks;
  others: Locks;
}

/** What docs/testing.md says makes a lease be lost, for each reason. */
const WAYS: Record<string, (stage: Stage) => Promise<unknown>> = {
  async unreachable({ network, clock }) {
    network.next("fail", { on: "extend", times: Infinity });
    await clock.advance(30_000);
  },
  async taken({ others, clock }) {
    await others.forceRelease("x");
    await clock.advance(10_000);
  },
  async expired({ clock }) {
    clock.block(30_000);
  },
  async "max-hold"({ clock }) {
    await clock.advance(900_000);
  },
  closed: ({ locks }) => locks.close(),
};

test.each(Object.entries(WAYS))("a lease is lost by each documented way: %s", async (reason, lose) => {
  const clock = virtualClock();
  const store = memory({ clock });
  const network = faulty(store);
  const locks = createLocks(network, { clock });
  const lease: Lease = await locks.acquire("x", { renew: true });
  await lose({ clock, network, locks, others: createLocks(store, { clock }) });
  expect(lease.held).toBe(false);
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason });
});

test("they are those of the page, as are the members of the clock and the faults", () => {
  const page = read("docs/testing.md");
  const cells = (heading: string, column: number) =>
    tableUnder(page, heading).map((row) => /\w[\w-]*/.exec((row[column] ?? "").replaceAll("`", ""))?.[0]);
  expect(cells("When a lock is lost", 2)).toEqual(Object.keys(WAYS));
  expect(cells("When Redis misbehaves", 0)).toEqual(["fail", "hang", "loseReply"]);
  const clock = virtualClock();
  for (const member of cells("Time that passes when you say so", 0)) expect(clock).toHaveProperty(member as string);
});
