import { createLocks, type Locks } from "holdfast";
import { memory } from "holdfast/memory";
import { singleFlight } from "holdfast/single-flight";
import { equal, ok, refusal } from "./check.ts";
import type { AddScenario } from "./lab.ts";
import type { Test } from "./place.ts";

/** Locks of one caller more, as another process has them. */
type Open = () => Locks;

const OPTIONS = { keep: "20s", wait: "20s", retry: { min: 10, max: 40 } } as const;
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** `singleFlight` over transports that do not share a process by themselves, and by callers who say that they do. */
export function flights(tests: Test[], overRest: AddScenario): void {
  function test(title: string, run: (open: Open, name: string) => Promise<void>): void {
    overRest(`${title}, over REST`, (lab) => run(lab.locks, lab.name));
    const fn = async () => {
      const store = memory();
      const opened: Locks[] = [];
      const open = () => {
        const locks = createLocks(store);
        opened.push(locks);
        return locks;
      };
      await run(open, "a").finally(() => Promise.all(opened.map((each) => each.close())));
    };
    tests.push({ group: "single flight", name: `${title}, over memory`, fn });
  }

  for (const share of [undefined, true]) {
    const who = share ? "callers of one process" : "callers who have nothing in common";
    test(`${who}: one computes, and all have its value`, async (open, name) => {
      let computed = 0;
      const compute = async () => {
        await pause(100);
        return { value: ++computed };
      };
      const one = open();
      const callers = share ? [one, one, one, one] : [one, open(), open(), open()];
      const all = () => Promise.all(callers.map((locks) => singleFlight(locks, name, { ...OPTIONS, share }, compute)));
      const values = [...(await all()), ...(await all())].map(({ value }) => value);
      equal(values.join(), "1,1,1,1,1,1,1,1", "what they have");
      equal((await one.query(name)).held, false, "held in the end");
    });
  }

  test("an error passes untouched, and is not kept", async (open, name) => {
    const [one, other] = [open(), open()];
    const own = new Error("its own");
    let failing = false;
    const fails = refusal(
      () =>
        singleFlight(one, name, OPTIONS, async () => {
          failing = true;
          await pause(100);
          throw own;
        }),
      "singleFlight()",
    );
    while (!failing) await pause(5);
    // Who waited meanwhile computes in its turn.
    const next = singleFlight(other, name, OPTIONS, () => "computed");
    ok((await fails) === own, "it is another error");
    equal(await next, "computed", "what the next has");
  });

  test("the winner's result passes through encode and decode too", async (open, name) => {
    const made = new Date(0);
    const asJson: unknown = await singleFlight(open(), name, OPTIONS, () => made);
    equal(asJson, "1970-01-01T00:00:00.000Z", "a Date by default");
    const options = {
      ...OPTIONS,
      encode: (date: Date) => date.toISOString(),
      decode: (text: string) => new Date(text),
    };
    for (const caller of ["who computes", "who finds it"]) {
      const result = await singleFlight(open(), `${name}:decoded`, options, () => made);
      ok(result instanceof Date && result !== made, `${caller} has not what decode made`);
      equal(result.getTime(), 0, `the time that ${caller} has`);
    }
  });
}
