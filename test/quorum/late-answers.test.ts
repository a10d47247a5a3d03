import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocks, type Transport } from "../../src/index.ts";
import { quorum } from "../../src/quorum.ts";
import { VOTE } from "../../src/quorum-scripts.ts";
import { noUnhandledRejections, outcome } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type Late, type LateStore, lateStore } from "./support/late-store.ts";
import { type Patience, patience } from "./support/patience.ts";

const OTHER = `t${"other".padEnd(22, "-")}`;
const EITHER = [{ fence: true }, { fence: false }];
const REFUSING: Transport = {
  set: () => Promise.reject(new Error("not asked")),
  eval: () => Promise.reject(Object.assign(new Error("NOAUTH none"), { definitive: true })),
};

noUnhandledRejections();
let stage: LateStore;
beforeAll(async () => {
  stage = await lateStore();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** How the vote of the last of three stores comes to be late. */
const WAYS: [string, (name: string) => Late][] = [
  ["TCP, the request is late", () => stage.overTcp("both")],
  ["TCP, the answer is late", () => stage.overTcp("replies")],
  ["REST, executed after its give-back", (name) => stage.overRest("hold", VOTE, name)],
  ["REST, the answer is late", (name) => stage.overRest("delayReply", VOTE, name)],
];

/** How an attempt ends before that. */
const ENDS = {
  refused: { taken: [0, 1], error: undefined },
  "out of time": { taken: [], error: { code: "BACKEND" } },
  "abandoned by its caller": { taken: [0], error: "no longer wanted" },
  "abandoned by close()": { taken: [0], error: { code: "CLOSED" } },
} as const;

/** Only what is not late is waited for. */
function begin(time: Patience, { transport, relent }: Late, second = stage.direct[1]!) {
  let late = true;
  const parts = [time.over(stage.direct[0]!), time.over(second), time.over(transport, () => !late)];
  const locks = createLocks(quorum(parts, { maxTtl: 0 }), { ttl: "1h", wait: "30m", clock: time.clock });
  const goOn = () => {
    late = false;
    return relent();
  };
  return { locks, goOn };
}

async function only(taken: readonly number[], name: string): Promise<void> {
  const expected = [0, 1, 2].map((at) => (taken.includes(at) ? OTHER : null));
  let values: (string | null)[] = [];
  const asExpected = async () => {
    values = await stage.real.values(`lock:${name}`);
    return `${values}` === `${expected}`;
  };
  await until(asExpected, "something is left").catch(() => {});
  expect(values).toEqual(expected);
}

describe.each(WAYS)("%s:", (way, delay) => {
  describe.each(Object.entries(ENDS))("an attempt that is %s", (end, { taken, error }) => {
    test.each(EITHER)("leaves nothing behind there (%o)", async (fenced) => {
      const name = `${way}-${end}-${fenced.fence}`;
      for (const at of taken) await stage.real.stores[at]!.redis.send("SET", `lock:${name}`, OTHER, "PX", "600000");
      const time = patience();
      const { locks, goOn } = begin(time, delay(name), end === "out of time" ? REFUSING : undefined);
      const controller = new AbortController();
      const trying = outcome(
        end.startsWith("abandoned")
          ? locks.acquire(name, { ...fenced, signal: controller.signal })
          : locks.tryAcquire(name, fenced),
      );
      await time.quiet();
      let closing: Promise<void> | undefined;
      if (end === "abandoned by its caller") controller.abort(error);
      if (end === "abandoned by close()") closing = locks.close();
      const ended = await time.settle(trying);
      if (error) expect(ended.error).toEqual(typeof error === "string" ? error : expect.objectContaining(error));
      else expect(ended.value).toBeNull();

      // What is given back gets there before what was asked, where the way allows it.
      await time.quiet();
      await goOn();
      await time.settle(closing ?? Promise.resolve());
      const unknown = closing && !fenced.fence && way.includes("after its give-back");
      // Without a record Redis cannot tell, and nobody is there any more who could: the ttl frees it.
      if (unknown)
        expect(await stage.real.stores[2]!.redis.send("PTTL", `lock:${name}`)).toBeLessThanOrEqual(3_600_000);
      else await only(taken, name);
      await time.settle(locks.close());
      expect(time.clock.pending.count).toBe(0);
    });
  });

  test.each(EITHER)(
    "a lock that was granted without it, and released, leaves nothing behind there (%o)",
    async (fenced) => {
      const name = `${way}-released-${fenced.fence}`;
      const time = patience();
      const { locks, goOn } = begin(time, delay(name));
      const lease = await time.settle(locks.acquire(name, fenced));
      expect(await time.settle(lease.release())).toBe(true);
      await time.quiet();
      await goOn();
      await only([], name);
      await time.settle(locks.close());
      expect(time.clock.pending.count).toBe(0);
    },
  );
});
