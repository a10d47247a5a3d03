import type { Lease } from "../../src/index.ts";
import { atMost, equal, fails, ok, rejection } from "./assert.ts";
import type { Paced, Scenario, Stage } from "./stage.ts";
import { sleep, stopwatch, until } from "./time.ts";
import { replyLost, tap, twice } from "./wire.ts";

const FAIR = { fair: true, wait: "25s" } as const;

/** Who waits for a lock in line: one after another, over both clients in turns, behind a holder. */
async function line({ transport, other, open, locks }: Stage, length: number) {
  const holder = await locks.acquire("a", { ...FAIR, ttl: "60s" });
  const served: number[] = [];
  const waits: Promise<void>[] = [];
  for (let index = 0; index < length; index++) {
    const wire = tap(index % 2 ? other : transport);
    let answered = false;
    wire.pass = async (request) => {
      const reply = await request();
      answered = true;
      return reply;
    };
    const wait = open(wire.transport, FAIR).request("a", () => void served.push(index));
    wait.catch(() => {});
    waits.push(wait);
    await until(() => answered, "a waiter was not answered");
  }
  return { holder, served, waits };
}

/** `fair: true`: who waits stands in a line in the store. Several stores have no line: there it is refused. */
export function fair(add: Scenario, addPaced: Paced): void {
  const refused = async ({ locks }: Stage) => {
    await fails(locks.acquire("a", FAIR), "OPTIONS", "acquire() in line, over several stores");
    await fails(locks.tryAcquire("a", FAIR), "OPTIONS", "tryAcquire() in line, over several stores");
  };
  const scenario: Scenario = (name, run) => add(name, (stage) => (stage.several ? refused(stage) : run(stage)));
  const paced: Paced = (name, run) => addPaced(name, (stage, ms) => (stage.several ? refused(stage) : run(stage, ms)));

  scenario("who came first is served first, over two clients", async (stage) => {
    const { holder, served, waits } = await line(stage, 6);
    await holder.release();
    await Promise.all(waits);
    equal(served.join(), "0,1,2,3,4,5", "the order in which they were served");
  });

  scenario("a free lock is had with one request, and given back with one", async ({ transport, open }) => {
    const wire = tap(transport);
    const lease = await open(wire.transport, FAIR).acquire("a");
    equal(await lease.release(), true, "release()");
    equal(wire.requests.length, 2, "requests sent");
  });

  scenario("tryAcquire does not stand in line, and is not served before who does", async (stage) => {
    const { others, open, transport } = stage;
    const { holder, served, waits } = await line(stage, 1);
    const wire = tap(transport);
    equal(await open(wire.transport, FAIR).tryAcquire("a"), null, "tryAcquire() of a held lock");
    equal(wire.requests.length, 1, "requests sent");
    await holder.release();
    const lease = await others.tryAcquire("a", FAIR);
    if (lease) {
      equal(served.length, 1, "waiters served before tryAcquire() was");
      await lease.release();
    }
    await Promise.all(waits);
  });

  scenario("who gives up leaves the line to the others", async (stage) => {
    const { holder, served, waits } = await line(stage, 1);
    const controller = new AbortController();
    const reason = new Error("not wanted");
    const left = stage.locks.acquire("a", { ...FAIR, signal: controller.signal, waitUntil: stage.waitUntil });
    left.catch(() => {});
    await sleep(100);
    const late = rejection(stage.others.acquire("a", { fair: true, wait: "300ms" }), "a short wait");
    controller.abort(reason);
    equal(await rejection(left, "acquire()"), reason, "what acquire() rejects with");
    await late;
    await stage.cleanedUp();
    await holder.release();
    await Promise.all(waits);
    equal(served.length, 1, "waiters served");
    const lease = await stage.others.tryAcquire("a", FAIR);
    ok(lease, "a line that everybody has left lets nobody in");
    await lease.release();
  });

  scenario("fair and unfair callers exclude each other", async ({ locks, others }) => {
    const unfair = await others.acquire("a", { fair: false });
    equal(await locks.tryAcquire("a", FAIR), null, "tryAcquire() in line, of a lock held without one");
    const wait = locks.acquire("a", FAIR);
    await sleep(100);
    equal(await unfair.release(), true, "release()");
    const lease = await wait;
    ok(lease.fence > unfair.fence, `the fence ${lease.fence} after ${unfair.fence}`);
    equal(await others.tryAcquire("a", { fair: false }), null, "tryAcquire() of a lock that is held in line");
    equal(await lease.release(), true, "release() of the lease that was waited for");
  });

  paced("a lock that was handed over is seen, and can be forced", async ({ transport, locks, others, open }) => {
    const holder = await locks.acquire("a", FAIR);
    // It never hears of anything after its first answer: it is handed the lock and does not know.
    const wire = tap(transport, (request, number) => (number === 1 ? request() : new Promise(() => {})));
    const deaf = open(wire.transport, { ...FAIR, owner: "deaf", commandTimeout: "1s" }).acquire("a", { wait: "2s" });
    const ended = rejection(deaf, "acquire() of who hears nothing");
    await until(() => wire.requests.length > 0, "nothing was sent");
    await sleep(100);
    await holder.release();
    const { held, holders } = await others.query("a");
    equal(held, true, "held");
    equal(holders[0]?.owner, "deaf", "the owner that query() tells");
    ok(holders[0]?.fence && holders[0].fence > holder.fence, "the fence that query() tells is not the next one");
    equal(await others.tryAcquire("a", { fair: false }), null, "tryAcquire() of a lock that was handed over");
    equal(await others.forceRelease("a"), true, "forceRelease()");
    const lease = await others.acquire("a", FAIR);
    equal(await lease.release(), true, "release()");
    await ended;
  });

  scenario("a waiter that died delays the next by a few seconds, and no more", async (stage) => {
    const { transport, locks, others, open } = stage;
    const holder = await locks.acquire("a", { ...FAIR, ttl: "60s" });
    const wire = tap(transport, (request, number) => (number === 1 ? request() : new Promise(() => {})));
    const dead = open(wire.transport, { ...FAIR, commandTimeout: "1s" }).acquire("a");
    dead.catch(() => {});
    await until(() => wire.requests.length > 0, "nothing was sent");
    await sleep(100);
    const wait = others.acquire("a", FAIR);
    await sleep(100);
    await holder.release();
    const elapsed = stopwatch();
    const lease = await wait;
    // A place of who asks each second lapses after three.
    atMost(elapsed(), 6000, "milliseconds until the next was served");
    equal(await lease.release(), true, "release()");
  });

  for (const [what, pass] of [
    ["executed twice", twice],
    ["lost in every third reply", everyThirdLost],
  ] as const) {
    scenario(`the order stays when everything is ${what}`, async ({ transport, other, open, locks }) => {
      const holder = await locks.acquire("a", { ...FAIR, ttl: "60s" });
      const fences: number[] = [];
      const served: number[] = [];
      const inside = new Set<Lease>();
      const waits: Promise<void>[] = [];
      for (const index of [0, 1, 2, 3]) {
        const wire = tap(index % 2 ? other : transport, pass);
        const wait = open(wire.transport, { ...FAIR, commandTimeout: "5s" }).request("a", async (lease) => {
          inside.add(lease);
          equal([...inside].filter(({ held }) => held).length, 1, "holders at a time");
          fences.push(lease.fence);
          served.push(index);
          await sleep(20);
        });
        wait.catch(() => {});
        waits.push(wait);
        await until(() => wire.requests.length > 1, "nothing was sent");
        await sleep(50);
      }
      await holder.release();
      await Promise.all(waits);
      equal(served.join(), "0,1,2,3", "the order in which they were served");
      equal(fences.join(), [...fences].sort((a, b) => a - b).join(), "fences in the order of their grants");
    });
  }
}

function everyThirdLost(request: () => Promise<unknown>, number: number): Promise<unknown> {
  return number % 3 === 1 ? replyLost(request, number) : request();
}
