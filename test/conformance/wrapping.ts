import { equal, fails, ok, rejection } from "./assert.ts";
import type { Scenario } from "./stage.ts";

/** `wrap` and `withOptions`. */
export function wrapping(scenario: Scenario): void {
  scenario(
    "a wrapped function runs under the lock, with its this and its arguments",
    async ({ locks, isTaken, isFree }) => {
      const account = {
        balance: 40,
        add: locks.wrap(
          async function (this: { balance: number }, first: number, second: string) {
            await isTaken("sum", "while the function runs");
            return `${this.balance + first}${second}`;
          },
          { name: "sum" },
        ),
      };
      equal(await account.add(2, "!"), "42!", "what the wrapped function resolves to");
      await isFree("sum", "after the function");
    },
  );

  scenario("a wrapped function's lock can be named after its arguments", async ({ locks, isTaken, isFree }) => {
    const refresh = locks.wrap(
      async (user: number, region: string) => {
        await isTaken(`token:${user}:${region}`, "while the function runs");
        await isFree("token:8:eu", "another call's lock");
        return user;
      },
      { name: (user, region) => `token:${user}:${region}`, ttl: "20s" },
    );
    equal(await refresh(7, "eu"), 7, "what the wrapped function resolves to");
  });

  scenario("calls of a wrapped function exclude one another", async ({ locks }) => {
    let inside = 0;
    const once = locks.wrap(
      async () => {
        equal(++inside, 1, "calls inside at the same time");
        await Promise.resolve();
        inside--;
      },
      { name: "a", wait: "30s" },
    );
    await Promise.all([once(), once(), once()]);
  });

  scenario("a wrapped function's error passes through", async ({ locks, isFree }) => {
    const error = new Error("the function's");
    const failing = locks.wrap(() => Promise.reject(error), { name: "a" });
    equal(await rejection(failing(), "the wrapped function"), error, "what the wrapped function rejects with");
    await isFree("a", "after the error");
  });

  scenario("options of wrap are checked when it is called", async ({ locks }) => {
    await fails((async () => locks.wrap(() => {}, { name: "a", ttl: 30 }))(), "OPTIONS", "wrap() with ttl: 30");
    const nameless = locks.wrap(() => {}, { name: () => "" });
    await fails(nameless(), "OPTIONS", "a wrapped function whose name is empty");
  });

  scenario("withOptions changes the defaults of the same locks", async ({ open, transport, others }) => {
    const locks = open(transport, { owner: "outer", ttl: "20s" });
    const inner = locks.withOptions({ owner: "inner" });
    const lease = await inner.acquire("a");
    equal(lease.owner, "inner", "the owner");
    ok(lease.remaining() <= 20_000, "the other defaults stay");
    equal(await locks.tryAcquire("a"), null, "tryAcquire() through the locks that it was made of");
    await lease.release();
    await locks.request("b", ({ owner }) => equal(owner, "outer", "the owner of the locks that it was made of"));
    await inner.close();
    await fails(locks.acquire("a"), "CLOSED", "acquire() after either was closed");
    equal((await others.query("a")).held, false, "held");
  });
}
