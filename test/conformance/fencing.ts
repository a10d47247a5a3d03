import { atMost, equal, fails, ok } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import { until } from "./time.ts";

/** Later grants of a name have larger fences. */
export function fencing(scenario: Scenario): void {
  scenario("fences grow with every grant, whoever is granted", async ({ locks, others }) => {
    let last = 0;
    for (let turn = 0; turn < 12; turn++) {
      const lease = await (turn % 2 ? locks : others).acquire("a");
      ok(Number.isSafeInteger(lease.fence), `the fence ${lease.fence} is no safe integer`);
      ok(lease.fence > last, `grant ${turn + 1} has the fence ${lease.fence}, the one before had ${last}`);
      last = lease.fence;
      await lease.release();
    }
  });

  scenario("fences grow across expiry, deletion and force", async ({ locks, others, remove }) => {
    const first = await locks.acquire("a", { ttl: "1s" });
    const second = await others.acquire("a");
    ok(second.fence > first.fence, `after expiry: ${second.fence} after ${first.fence}`);
    await remove(second);
    const third = await locks.acquire("a");
    ok(third.fence > second.fence, `after a deletion: ${third.fence} after ${second.fence}`);
    await others.forceRelease("a");
    const fourth = await others.acquire("a");
    ok(fourth.fence > third.fence, `after force: ${fourth.fence} after ${third.fence}`);
  });

  scenario("fences grow among callers who compete", async ({ locks, others }) => {
    const fences: number[] = [];
    const callers = Array.from({ length: 8 }, (_, index) =>
      (index % 2 ? locks : others).request("a", { wait: "20s" }, ({ fence }) => void fences.push(fence)),
    );
    await Promise.all(callers);
    equal(fences.join(), [...fences].sort((a, b) => a - b).join(), "the fences in the order of the grants");
    equal(new Set(fences).size, 8, "different fences");
  });

  scenario("a fence stays what it is, and query tells it", async ({ locks, others }) => {
    const lease = await locks.acquire("a", { ttl: "1500ms", renew: true });
    const { fence, expiresAt } = lease;
    await until(() => lease.expiresAt > expiresAt + 50 || !lease.held, "nothing was renewed");
    equal(lease.fence, fence, "the fence after a renewal");
    const second = await others.acquire("b", { ttl: "20s" });
    const minted = second.fence;
    await second.extend("40s");
    await second.verify();
    equal(second.fence, minted, "the fence after extend() and verify()");
    equal((await locks.query("b")).holders[0]?.fence, minted, "the fence that query() tells");
    await second.release();
    equal(second.fence, minted, "the fence after the release");
  });

  scenario("without a fence reading it throws, and query tells none", async ({ locks, others, fair }) => {
    const lease = await locks.acquire("a", { fence: false });
    await fails((async () => lease.fence)(), "OPTIONS", "reading the fence of a lease that has none");
    const { held, holders, remaining } = await others.query("a");
    equal(held, true, "held");
    if (!fair) equal(holders[0]?.fence, undefined, "the fence that query() tells");
    atMost(remaining, 30_000, "milliseconds left");
    equal(await lease.verify(), true, "verify()");
    await lease.extend("40s");
    equal(await lease.release(), true, "release()");
  });

  scenario("fences grow across grants without one", async ({ locks, others, fair }) => {
    const first = await locks.acquire("a");
    await first.release();
    await others.request("a", { fence: false }, () => {});
    const second = await locks.acquire("a");
    ok(second.fence > first.fence, `${second.fence} after ${first.fence}`);
    await second.release();
    const without = await others.acquire("a", { fence: false });
    const { holders } = await locks.query("a");
    if (!fair) equal(holders[0]?.fence, undefined, "the fence that query() tells of the next holder");
    await without.release();
  });
}
