import { atLeast, atMost, equal, fails, ok } from "./assert.ts";
import type { Paced, Scenario } from "./stage.ts";
import { sleep } from "./time.ts";

const WRONG = `t${"0123456789-_abcdefghij"}`;

/** Passing a lease on, looking at locks, and freeing them by force. */
export function operators(scenario: Scenario, paced: Paced): void {
  scenario("a lease that was handed over is the other process's", async ({ locks, others, isTaken, isFree }) => {
    const lease = await locks.acquire("a", { ttl: "20s", owner: "me" });
    const { fence } = lease;
    const serialized = JSON.parse(JSON.stringify(lease.handOver()));
    equal(lease.held, false, "held after handOver()");
    equal(await lease.release(), false, "release() after handOver()");
    equal(await lease.verify(), false, "verify() after handOver()");
    await fails(lease.extend(), "LOST", "extend() after handOver()");
    await isTaken("a", "after handOver()");

    const restored = others.restore(serialized);
    equal(restored.held, false, "held of a restored lease that was not verified");
    equal(restored.remaining(), 0, "remaining() of a restored lease that was not verified");
    equal(restored.signal.aborted, false, "whether its signal has aborted");
    equal(await restored.verify(), true, "verify() of the restored lease");
    equal(restored.held, true, "held after verify()");
    atLeast(restored.remaining(), 1000, "remaining() after verify()");
    atMost(restored.remaining(), 20_000, "remaining() after verify()");
    equal(restored.fence, fence, "the fence");
    equal(restored.owner, "me", "the owner");
    await restored.extend("40s");
    atLeast((await locks.query("a")).remaining, 25_000, "milliseconds left after extend()");
    equal(await restored.release(), true, "release() of the restored lease");
    await isFree("a", "after the release");
  });

  scenario("a restored lease needs no verify before extend or release", async ({ locks, others, isFree }) => {
    const first = others.restore((await locks.acquire("a", { ttl: "20s" })).handOver());
    await first.extend("40s");
    equal(first.held, true, "held after extend()");
    const second = locks.restore(first.handOver());
    equal(await second.release(), true, "release()");
    await isFree("a", "after the release");
  });

  paced("a restored lease can be renewed", async ({ locks, others, isTaken }, ms) => {
    const restored = others.restore((await locks.acquire("a", { ttl: ms(2000) })).handOver(), { renew: true });
    if (await restored.verify()) {
      await sleep(ms(2300));
      equal(restored.held, true, "held after its ttl");
      await isTaken("a", "after its ttl");
    }
    equal(await restored.release(), true, "release()");
  });

  scenario("a wrong token does nothing", async ({ locks, others }) => {
    const lease = await locks.acquire("a", { ttl: "20s" });
    for (const token of [WRONG, `${WRONG} me`, `${lease.token} me`]) {
      const forged = () => others.restore({ name: "a", token });
      equal(await forged().verify(), false, "verify() with a wrong token");
      await fails(forged().extend("60s"), "LOST", "extend() with a wrong token");
      equal(await forged().release(), false, "release() with a wrong token");
      equal(await forged().signal.aborted, false, "whether its signal has aborted");
    }
    equal(await lease.verify(), true, "verify() of the holder");
    atMost((await others.query("a")).remaining, 20_000, "milliseconds left");
    equal(await lease.release(), true, "release() of the holder");
  });

  scenario("what is no serialized lease is refused", async ({ locks }) => {
    for (const wrong of [{}, { name: "a" }, { name: "a", token: "" }, { name: "a", token: "x" }, { token: WRONG }]) {
      const restore = async () => locks.restore(wrong as { name: string; token: string });
      await fails(restore(), "OPTIONS", `restore(${JSON.stringify(wrong)})`);
    }
  });

  scenario("query tells who has a lock, and changes nothing", async ({ locks, others, isTaken }) => {
    const free = await others.query("a");
    equal(free.name, "a", "name");
    ok(!free.held && !free.kept && free.holders.length === 0, "query() of a lock that never was does not say free");
    const lease = await locks.acquire("a", { ttl: "20s", owner: "me" });
    const held = await others.query("a");
    equal(held.held, true, "held");
    equal(held.holders.length, 1, "holders");
    equal(held.holders[0]?.owner, "me", "owner");
    equal(held.holders[0]?.fence, lease.fence, "fence");
    await sleep(20);
    ok((await others.query("a")).remaining < held.remaining, "query() prolonged the lock");
    await isTaken("a", "after query()");
  });

  scenario("list tells all locks under the prefix, each once", async ({ prefix, transport, other, open }) => {
    // Everything that means something in a pattern of Redis.
    const locks = open(transport, { prefix: `${prefix}[a-c]*?^\\` });
    const look = open(other, { prefix: `${prefix}[a-c]*?^\\` });
    const names = Array.from({ length: 24 }, (_, index) => `${index} {${index}}`);
    await Promise.all(names.map((name) => locks.acquire(name, { owner: `owner ${name}` })));
    const kept = await locks.acquire("kept", { minHold: "20s" });
    await kept.release();
    await (await locks.acquire("free")).release();
    await open(transport, { prefix: `${prefix}b*?^\\` }).acquire("elsewhere");

    const found = new Map<string, string | undefined>();
    for await (const { name, holders, held } of look.list()) {
      ok(!found.has(name), `list() told ${JSON.stringify(name)} twice`);
      equal(held, name !== "kept", `held of ${JSON.stringify(name)}`);
      found.set(name, holders[0]?.owner);
    }
    equal([...found.keys()].sort().join(), [...names, "kept"].sort().join(), "the names that list() told");
    for (const name of names) equal(found.get(name), `owner ${name}`, "an owner that list() told");
    await look.forceRelease("kept");
  });

  scenario("forceRelease frees a lock, and says whether there was one", async ({ locks, others, isFree }) => {
    const lease = await locks.acquire("a");
    equal(await others.forceRelease("a"), true, "forceRelease() of a held lock");
    equal(await others.forceRelease("a"), false, "forceRelease() of a free lock");
    equal(await lease.verify(), false, "verify() of the old holder");
    equal(await lease.release(), false, "release() of the old holder");
    await isFree("a", "after forceRelease()");
  });

  scenario(
    "after forceRelease the next waiter is granted, and the old holder harms nobody",
    async ({ locks, others }) => {
      const old = await locks.acquire("a", { ttl: "60s" });
      const wait = others.acquire("a", { wait: "20s" });
      await sleep(30);
      equal(await locks.forceRelease("a"), true, "forceRelease()");
      const next = await wait;
      equal(await old.release(), false, "release() of the old holder");
      equal(await next.verify(), true, "verify() of the next holder");
      ok(next.fence > old.fence, "the next holder's fence is not larger");
    },
  );
}
