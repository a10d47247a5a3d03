import { atLeast, equal, fails } from "./assert.ts";
import type { Scenario } from "./stage.ts";
import type { Pass } from "./wire.ts";
import { asIs, first, replyLost, requestLost, tap } from "./wire.ts";

const LOSSES: readonly (readonly [what: string, pass: Pass])[] = [
  ["the reply", replyLost],
  ["the request", requestLost],
];

/** One loss is survived by asking again, whether or not it was executed. */
export function lostReplies(scenario: Scenario): void {
  for (const [what, lost] of LOSSES) {
    for (const fence of [true, false]) {
      const how = `${what} is lost, ${fence ? "with" : "without"} a fence`;

      scenario(`acquire is granted although ${how}`, async ({ transport, open, others, fair, isTaken, isFree }) => {
        const wire = tap(transport, first(lost));
        const lease = await open(wire.transport, { fence }).acquire("a", { owner: "me", wait: "20s" });
        await isTaken("a", "after acquire()");
        const [holder] = (await others.query("a")).holders;
        equal(holder?.owner, "me", "the owner in the store");
        if (fence || !fair) equal(holder?.fence, fence ? lease.fence : undefined, "the fence in the store");
        equal(await lease.verify(), true, "verify()");
        equal(await lease.release(), true, "release()");
        await isFree("a", "after the release");
      });

      scenario(`tryAcquire leaves nothing behind when ${how}`, async (stage) => {
        const { transport, open, isFree, waitUntil, cleanedUp } = stage;
        const wire = tap(transport, first(lost));
        const call = open(wire.transport, { fence }).tryAcquire("a", { waitUntil });
        await fails(call, "BACKEND", "tryAcquire() without an answer");
        await cleanedUp();
        await isFree("a", "after the clean-up");
      });

      scenario(`a lease's requests succeed although ${how}`, async ({ transport, open, others, isFree }) => {
        const wire = tap(transport);
        const lease = await open(wire.transport, { fence }).acquire("a", { ttl: "20s" });
        const loseNext = () => {
          const next = wire.requests.length + 1;
          wire.pass = (request, number) => (number === next ? lost : asIs)(request, number);
        };
        loseNext();
        await lease.extend("60s");
        atLeast(lease.remaining(), 30_000, "remaining() after extend()");
        atLeast((await others.query("a")).remaining, 30_000, "milliseconds left in the store");
        loseNext();
        equal(await lease.verify(), true, "verify()");
        loseNext();
        equal(await lease.release(), true, "release()");
        await isFree("a", "after the release");
      });
    }

    scenario(`operators' calls succeed although ${what} is lost`, async ({ transport, open, locks, isFree }) => {
      await locks.acquire("a", { owner: "me" });
      // Every third: forceRelease asks in pairs, of which the second would never get through otherwise.
      const everyThird: Pass = (request, number) => (number % 3 === 1 ? lost : asIs)(request, number);
      const operator = open(tap(transport, everyThird).transport);
      equal((await operator.query("a")).holders[0]?.owner, "me", "the owner that query() tells");
      equal(await operator.forceRelease("a"), true, "forceRelease()");
      equal((await operator.query("a")).held, false, "held after forceRelease()");
      await isFree("a", "after forceRelease()");
    });

    scenario(`request succeeds although every other time ${what} is lost`, async ({ transport, open, isFree }) => {
      const everyOther: Pass = (request, number) => (number % 2 ? lost : asIs)(request, number);
      const locks = open(tap(transport, everyOther).transport);
      for (let turn = 0; turn < 3; turn++) {
        equal(await locks.request("a", { wait: "20s" }, () => turn), turn, "what request() resolves to");
        await isFree("a", "after request()");
      }
    });
  }
}
