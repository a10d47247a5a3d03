import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { fresh, HERE, holderOf, holdfast, PREFIX, shared } from "../cli/support.ts";
import { patience } from "../quorum/support/patience.ts";
import { answersAfter } from "../quorum/support/slow.ts";
import { failsWith } from "../support/outcome.ts";
import { freePort, until } from "../support/redis-process.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { EVERYWHERE, SEVERAL, servers } from "./support/kinds.ts";
import { lineage } from "./support/lineage.ts";

const COMMANDS =
  "redlock lock NAME MS, redlock unlock NAME KEY, --redis URL repeated, --quiet; exits 0 done, 1 failed, 2 usage, 3 Redis unreachable";

/** 22 letters and digits, as redlock-py draws them. */
const THEIR_KEY = "0Aa1Bb2Cc3Dd4Ee5Ff6Gg7";

lineage("redlock-py", (row) => {
  row("Redlock quorum with clock drift in the validity", SEVERAL, async (place) => {
    // Every answer takes 300 ms, in time that passes for nothing else.
    const ttl = 10_000;
    const drift = ttl / 100 + 2;
    const time = patience(50, place.clock ?? virtualClock());
    const slow = { clock: time.clock, ttl, commandTimeout: "9s", wait: 0 } as const;
    const through = (ms: number) => place.locks(slow, (store) => answersAfter(time.clock, ms / 2, time.over(store)));
    const [locks, slower] = [through(300), through(9_950)];

    const began = time.clock.monotonic();
    const lease = await time.settle(locks.acquire(place.fresh(), { fence: false }));
    const passed = time.clock.monotonic() - began;
    expect(passed).toBeGreaterThanOrEqual(300);
    expect(lease.remaining()).toBe(ttl - passed - drift);

    // With nothing left there is no lease, although all of them said yes.
    const late = slower.acquire(place.fresh(), { fence: false, commandTimeout: "10s" });
    await time.settle(failsWith("BACKEND", late));
    await time.settle(Promise.all([locks.close(), slower.close()]));
  });

  row("with dlm.lock(name, ms) as lock:", EVERYWHERE, async (place) => {
    const name = place.fresh();
    const [locks, other] = [place.locks(), place.locks()];
    await place.settle(
      locks.request(name, { ttl: "20s" }, async (lease) => {
        expect(lease.remaining()).toBeLessThan(20_000);
        expect(await other.tryAcquire(name)).toBeNull();
      }),
    );
    expect(await place.settle(other.query(name))).toMatchObject({ held: false });
    const block = async () => {
      await using lease = await locks.acquire(name);
      expect(await other.tryAcquire(name)).toBeNull();
      throw new Error(`thrown while held: ${lease.held}`);
    };
    await expect(place.settle(block())).rejects.toThrow("thrown while held: true");
    expect(await place.settle(other.query(name))).toMatchObject({ held: false });
  });

  row(COMMANDS, "one server", async () => {
    const name = fresh();
    const locked = await holdfast([...HERE, "lock", name, "60000"]);
    const key = locked.stdout.trim();
    expect(locked).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: expect.stringContaining(name) });
    expect(await holderOf(name)).toBe(key);
    const [busy, quietly] = await Promise.all([
      holdfast([...HERE, "lock", name, "60000", "--wait", "300ms"]),
      holdfast([...HERE, "--quiet", "lock", name, "60000", "--wait", "300ms"]),
    ]);
    expect(busy).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("was held") });
    expect(quietly).toMatchObject({ code: 1, stdout: "", stderr: "" });
    const [extended, held] = await Promise.all([
      holdfast([...HERE, "--quiet", "extend", name, key, "600000"]),
      holdfast([...HERE, "status", name]),
    ]);
    expect([extended.code, held.code]).toEqual([0, 0]);
    expect(Number(await shared().send("PTTL", PREFIX + name))).toBeGreaterThan(500_000);
    expect(await holdfast([...HERE, "--quiet", "unlock", name, key])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(await holderOf(name)).toBeNull();
    expect((await holdfast([...HERE, "unlock", name, key])).code).toBe(1);
  });

  row(COMMANDS, "run and reset", async () => {
    const [name, stuck] = [fresh(), fresh()];
    await shared().send("SET", PREFIX + stuck, "somebody", "PX", "600000");
    const [ran, reset] = await Promise.all([
      holdfast([...HERE, "run", name, "--", "sh", "-c", 'echo "$HOLDFAST_NAME"; exit 7']),
      holdfast([...HERE, "reset", stuck, "--yes"]),
    ]);
    expect(ran).toMatchObject({ code: 7, stdout: `${name}\n` });
    expect(reset.code).toBe(0);
    expect([await holderOf(name), await holderOf(stuck)]).toEqual([null, null]);
  });

  row(COMMANDS, "usage is 2, and a Redis that is not there is 3", async () => {
    const nobody = ["--redis", `redis://127.0.0.1:${await freePort()}`];
    const [noTime, noKey, gone, notGiven] = await Promise.all([
      holdfast([...HERE, "lock", "x", "soon"]),
      holdfast([...HERE, "unlock", "x", "no-key"]),
      holdfast([...nobody, "lock", "x", "60000"]),
      holdfast([...nobody, "--quiet", "unlock", "x", `t${"A".repeat(22)}`]),
    ]);
    for (const wrong of [noTime, noKey]) expect(wrong).toMatchObject({ code: 2, stdout: "" });
    for (const unreachable of [gone, notGiven]) expect(unreachable).toMatchObject({ code: 3, stdout: "" });
  });

  row(COMMANDS, "--redis repeated", async () => {
    const { stores } = await servers();
    const gone = `redis://127.0.0.1:${await freePort()}`;
    const through = (urls: string[]) => urls.flatMap((url) => ["--redis", url]);
    const urls = stores.map(({ server }) => server.url);
    const [first, second, third] = urls as [string, string, string];
    const name = fresh();
    // Servers that have been running for less than the ttl are left out, so it is waited for.
    const locked = await holdfast([...through(urls), "lock", name, "3000", "--wait", "60s"]);
    const key = locked.stdout.trim();
    const values = await Promise.all(stores.map(({ redis }) => redis.send("GET", `lock:${name}`)));
    expect(locked.code).toBe(0);
    expect(values.map(String).filter((value) => value === key).length).toBeGreaterThanOrEqual(2);

    await Promise.all(stores.map(({ redis }) => redis.send("SET", `lock:${name}`, key, "PX", "600000")));
    const [minority, busy] = await Promise.all([
      holdfast([...through([first, gone, gone.replace("127.0.0.1", "localhost")]), "unlock", name, key]),
      holdfast([...through(urls), "lock", name, "3000", "--wait", "0"]),
    ]);
    expect([minority.code, busy.code]).toEqual([3, 1]);
    const unlocked = await holdfast([...through([gone, second, third]), "unlock", name, key]);
    expect(unlocked.code).toBe(0);
    expect(await stores[1]?.redis.send("GET", `lock:${name}`)).toBeNull();
    expect(await stores[2]?.redis.send("GET", `lock:${name}`)).toBeNull();
  });

  row(
    "warned of: no fencing token, process pauses, clock skew, one instance only",
    { over: EVERYWHERE, part: "fences" },
    async (place) => {
      const name = place.fresh();
      // The clock of the second client is a day behind, and that of the third a day ahead.
      const clocks = [0, -86_400_000, 86_400_000].map((skew) => {
        const clock = virtualClock(skew + 1);
        clock.jumpWall(skew);
        return clock;
      });
      const fences: number[] = [];
      for (const clock of [...clocks, ...clocks]) {
        const lease = await place.settle(place.locks({ clock }).acquire(name));
        fences.push(lease.fence);
        await place.settle(lease.release());
      }
      expect(fences.every((fence, index) => index === 0 || fence > (fences[index - 1] as number))).toBe(true);

      // A process that was paused comes back with a write, and the resource refuses it.
      const resource = { last: 0, text: "" };
      const write = (fence: number, text: string) =>
        fence >= resource.last && Object.assign(resource, { last: fence, text });
      const paused = await place.settle(place.locks().acquire(name, { ttl: "300ms" }));
      const next = await place.settle(place.locks().acquire(name));
      expect(write(next.fence, "the next one's")).toBeTruthy();
      expect(write(paused.fence, "the paused one's")).toBe(false);
      expect(paused.held).toBe(false);
    },
  );

  row(
    "warned of: no fencing token, process pauses, clock skew, one instance only",
    "what remains stands in docs/guarantees.md",
    () => {
      const guarantees = readFileSync(new URL("../../docs/guarantees.md", import.meta.url), "utf8");
      for (const said of [
        // Tokens, pauses, clocks, one instance: each with what is left of it.
        "| one store, fencing at the resource | pass `lease.fence` to the resource",
        "It does not survive the loss of the counter *and* a clock that went back behind the last fence.",
        "| the holder is paused past its ttl (garbage collection, a laptop's lid, a stopped container) | another gets the lock;",
        "It does not stop a paused holder's writes",
        "| the server's clock jumps forward | keys expire at once | the fence |",
        "| servers' clocks differ | a lease counts by durations alone.",
        "**A failover, Upstash's included, can lose a grant: then two may hold, and only the fence protects.**",
        "It does not survive the loss of data on so many servers that those left are no majority",
      ])
        expect(guarantees).toContain(said);
    },
  );

  row("SET resource key NX PX, compare-and-delete", EVERYWHERE, async (place) => {
    const resource = place.fresh();
    const here = place.locks({ prefix: "" });
    const all = <T>(ask: (store: (typeof place.theirs)[0]) => Promise<T>) => Promise.all(place.theirs.map(ask));
    const every = <T>(answer: T) => place.theirs.map(() => answer);

    expect(await all(({ take }) => take(resource, THEIR_KEY, 60_000))).toEqual(every(true));
    expect(await place.settle(here.tryAcquire(resource))).toBeNull();
    const holders = [{ owner: undefined, fence: undefined, remaining: expect.any(Number) }];
    expect(await place.settle(here.query(resource))).toMatchObject({ held: true, holders });
    expect(await all(({ giveBack }) => giveBack(resource, "another"))).toEqual(every(false));
    const waiting = here.acquire(resource, { ttl: "1m" });
    expect(await all(({ giveBack }) => giveBack(resource, THEIR_KEY))).toEqual(every(true));

    const lease = await place.settle(waiting);
    expect(await all(({ get }) => get(resource))).toEqual(every(lease.token));
    expect(await all(({ take }) => take(resource, THEIR_KEY, 60_000))).toEqual(every(false));
    expect(await all(({ giveBack }) => giveBack(resource, THEIR_KEY))).toEqual(every(false));
    expect(await place.settle(lease.verify())).toBe(true);
    await place.settle(lease.release());
    await until(async () => !(await all(({ get }) => get(resource))).some(Boolean), "a key was left");
    expect(await all(({ take }) => take(resource, THEIR_KEY, 60_000))).toEqual(every(true));
  });
});
