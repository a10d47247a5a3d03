import { equal, ok, refusal, settled } from "./check.ts";
import { type AddScenario, SLACK } from "./lab.ts";

/** Requests that are executed after their sender gave up, or once more after all is over. */
export function late(scenario: AddScenario): void {
  for (const fence of [true, false]) {
    const how = fence ? "with a fence" : "without a fence";
    const limits = { fence, ttl: 2000, commandTimeout: 800 };
    const patient = { fence, ttl: "30s" };
    // Without a record Redis cannot tell a late copy: then it may hold the name, idle, for one ttl.
    const forgotten = fence ? 0 : limits.ttl + SLACK;

    scenario(`an acquire that its release has overtaken comes to nothing, ${how}`, async (lab) => {
      const held = await lab.fault(lab.key, "hold");
      const locks = lab.locks(limits);
      equal((await refusal(() => locks.tryAcquire(lab.name), "tryAcquire()")).code, "BACKEND", "the code");
      await locks.close();
      const unsent = async () => ((await lab.requests(lab.key)) > 1 ? "" : "no clean-up");
      equal(await settled(unsent, SLACK), "", "what was sent");
      await held.release();
      await held.done();
      await lab.nothingLeft(lab.key, forgotten);
    });

    scenario(`an acquire of an abandoned wait never takes the lock later, ${how}`, async (lab) => {
      const held = await lab.fault(lab.key, "hold");
      const locks = lab.locks(limits);
      const controller = new AbortController();
      const waiting = refusal(() => locks.acquire(lab.name, { signal: controller.signal }), "acquire()");
      await held.hit();
      controller.abort("no longer wanted");
      equal(await waiting, "no longer wanted", "what the wait rejects with");
      await locks.close();
      await held.release();
      await held.done();
      await lab.nothingLeft(lab.key, forgotten);
    });

    scenario(`a copy of an acquire neither prolongs the lease nor changes its fence, ${how}`, async (lab) => {
      const copied = await lab.fault(lab.key, "twiceLate", { ms: 500 });
      const lease = await lab.locks(patient).acquire(lab.name);
      await copied.done();
      ok(Number(await lab.redis(["PTTL", lab.key])) <= 29_550, "the copy prolonged the lock");
      equal(await lab.redis(["GET", lab.key]), lease.token, "the holder in Redis");
      if (fence) ok(lease.fence > 1.7e15, `the fence is ${lease.fence}`);
      equal(await lease.release(), true, "release()");
      await lab.nothingLeft(lab.key);
    });

    scenario(`a copy of a release does not free the next holder's lock, ${how}`, async (lab) => {
      const locks = lab.locks(patient);
      const first = await locks.acquire(lab.name);
      const copied = await lab.fault(lab.key, "twiceLate", { ms: 400 });
      equal(await first.release(), true, "release() of the first");
      const next = await locks.acquire(lab.name, { wait: "20s" });
      await copied.done();
      equal(await next.verify(), true, "verify() of the next");
      equal(await next.release(), true, "release() of the next");
      await lab.nothingLeft(lab.key);
    });
  }
}
