import { DEFINITIVE, type Mishap, PASSING } from "../../support/rest-mishaps.ts";
import { equal, ok, refusal } from "./check.ts";
import { type AddScenario, SLACK } from "./lab.ts";

/** The limit on one command: short where it is all that ends it, generous where a busy machine must not. */
const commandTimeout = ({ silent }: Mishap) => (silent ? 300 : 10_000);

/** What a network does to requests, done by a real server to the runtime's own `fetch`. */
export function faults(scenario: AddScenario): void {
  for (const fence of [true, false]) {
    const how = fence ? "with a fence" : "without a fence";

    for (const mishap of PASSING) {
      const { kind, options, silent } = mishap;
      const limits = { fence, wait: "20s", retry: { min: 10, max: 40 }, commandTimeout: commandTimeout(mishap) };

      scenario(`${mishap}, ${how}: granted, extended and released all the same`, async (lab) => {
        const acquiring = await lab.fault(lab.key, kind, options);
        const lease = await lab.locks({ ...limits, ttl: "20s" }).acquire(lab.name);
        equal(await lab.redis(["GET", lab.key]), lease.token, "the holder in Redis");
        // What stalls is over for the server when the client has gone, which is not this test's subject.
        if (!silent) {
          await acquiring.done();
          equal(await lease.verify(), true, "verify()");
        }

        const extending = await lab.fault(lab.key, kind, options);
        if (silent) {
          const before = lease.remaining();
          equal((await refusal(() => lease.extend("60s"), "extend()")).code, "BACKEND", "what extend() says");
          ok(lease.remaining() <= before, "an extend of which nothing is known moved the deadline");
        } else {
          await lease.extend("60s");
          await extending.done();
          ok(lease.remaining() > 30_000, `remaining() after extend() is ${lease.remaining()}`);
          ok(Number(await lab.redis(["PTTL", lab.key])) > lease.remaining(), "the lease outlives its key");
        }

        const releasing = await lab.fault(lab.key, kind, options);
        equal(await lease.release(), true, "release()");
        if (!silent) await releasing.done();
        await lab.nothingLeft(lab.key, silent ? SLACK : 0);
      });

      scenario(`${mishap}, ${how}: tryAcquire is granted, or refused with no orphan`, async (lab) => {
        const fault = await lab.fault(lab.key, kind, options);
        const ttl = 1500;
        const call = lab.locks({ ...limits, ttl }).tryAcquire(lab.name);
        const lease = await call.catch((error: { code?: string }) => {
          equal(error.code, "BACKEND", "what tryAcquire() says");
          return null;
        });
        await lease?.release();
        if (!silent) await fault.done();
        // Without a record a late copy may hold the name for one ttl.
        await lab.nothingLeft(lab.key, ttl + SLACK);
      });
    }

    for (const [mishap, says, hint] of DEFINITIVE) {
      scenario(`${mishap}, ${how}: refused at once, in words that help`, async (lab) => {
        await lab.fault(lab.key, mishap.kind, mishap.options);
        const error = await refusal(() => lab.locks({ fence }).acquire(lab.name), "acquire()");
        equal(error.code, "BACKEND", "the code");
        ok(says.test(error.message) && hint.test(error.message), `the message is: ${error.message}`);
        ok(!`${error.message}${error.stack}${error.cause}`.includes(lab.token), "the error shows the REST token");
        equal(await lab.requests(lab.key), 1, "requests sent");
        await lab.nothingLeft(lab.key, SLACK);
      });
    }
  }

  for (const mishap of PASSING) {
    scenario(`${mishap}: query says who holds it, or that it does not know`, async (lab) => {
      const locks = lab.locks({ ttl: "20s", owner: "somebody", commandTimeout: commandTimeout(mishap) });
      const lease = await lab.locks({ ttl: "20s", owner: "somebody" }).acquire(lab.name);
      await lab.fault(lab.key, mishap.kind, mishap.options);
      if (mishap.silent) {
        equal((await refusal(() => locks.query(lab.name), "query()")).code, "BACKEND", "what query() says");
      } else {
        equal((await locks.query(lab.name)).holders[0]?.owner, "somebody", "the owner");
      }
      await lease.release();
    });
  }
}
