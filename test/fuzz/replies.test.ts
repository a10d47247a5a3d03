import fc from "fast-check";
import { expect, test } from "vitest";
import { createLocks, type Lease, type Locks, type Transport } from "../../src/index.ts";
import { fuzz } from "../support/fuzz.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { value } from "./arbitraries.ts";
import { assertInside, ending, texts, type Watched, watched } from "./watch.ts";

const PASSWORD = "hunter2-of-redis";

/** How an answer, or an error, is turned into another. `secret` is the token, and the address with its password. */
type Treatment = (reply: unknown, secret: string) => unknown;

const at =
  (index: number, put: unknown): Treatment =>
  (reply) =>
    Array.isArray(reply) ? Object.assign([...reply], { [index % reply.length]: put }) : put;

const treatment: fc.Arbitrary<Treatment> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Treatment>((reply) => reply) },
  { weight: 4, arbitrary: fc.tuple(fc.nat(4), value).map(([index, put]) => at(index, put)) },
  {
    weight: 2,
    arbitrary: value.map(
      (put): Treatment =>
        () =>
          put,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Treatment>(
      (reply) => [reply],
      (reply) => JSON.stringify(reply),
      (reply) => (Array.isArray(reply) ? reply.slice(0, -1) : [reply]),
      (reply) => (Array.isArray(reply) ? [...reply, "x"] : reply),
      (reply) => (Array.isArray(reply) ? [...reply].reverse() : reply),
      (reply) => ({ ...Object(reply), length: 4 }),
      (_, secret) => secret,
      (_, secret) => [secret, secret, secret, `=${secret}`],
      () => new Promise(() => {}),
      (reply) => new Promise((resolve) => setImmediate(resolve, reply)),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          "",
          "ERR ",
          "NOAUTH ",
          "NOSCRIPT ",
          "READONLY ",
          "OOM ",
          "WRONGTYPE ",
          "HTTP 401: ",
          "Command failed: ",
        ),
        fc.constantFrom(
          "{s}",
          "'{s}'",
          '{"a":"{s}"}',
          "a,{s},b",
          "[{s}]",
          "at {s}",
          "Bearer {s}",
          "{s}\n",
          "={s}&",
          "({s})",
        ),
        fc.constantFrom<(text: string) => unknown>(
          (text) => new Error(text),
          (text) => new Error("outer", { cause: new Error(text) }),
          (text) => Object.assign(new Error(text), { definitive: true }),
          (text) => new AggregateError([new Error(text)]),
          (text) => text,
          (text) => ({ message: text, code: text, stack: text }),
          () => undefined,
          () => null,
          () => Symbol("x"),
          () => Object.create(null),
          () => {
            const circular: Error = new Error("circular");
            circular.cause = circular;
            return circular;
          },
        ),
      )
      .map(
        ([code, frame, wrap]): Treatment =>
          (_, secret) => {
            throw wrap(code + frame.replace("{s}", secret));
          },
      ),
  },
);

/** A server that lies: each request takes 5 ms, and what it answers goes through the next treatment. */
function liar(treatments: Treatment[], clock: () => VirtualClock, told: unknown[]): (store: Transport) => Transport {
  let count = 0;
  const lie = async (secret: string, honest: () => Promise<unknown>) => {
    await new Promise<void>((resolve) => clock().timer(5, resolve).unref());
    const treat = count < 40 ? treatments[count++ % treatments.length] : undefined;
    const reply = await honest();
    const lied = await (treat ? treat(reply, `${secret} redis://u:${PASSWORD}@h`) : reply);
    told.push(lied);
    return lied;
  };
  return (store) => ({
    set: (key, token, options) => lie(token, () => store.set(key, token, options)),
    eval: (script, keys, args) => lie(args[0] ?? "", () => store.eval(script, keys, args)),
  });
}

/** Everything that can be asked of a server. */
const CALLS: Record<string, (locks: Locks, lease: Lease) => Promise<unknown>> = {
  acquire: (locks) => locks.acquire("x"),
  unfenced: (locks) => locks.acquire("x", { fence: false }),
  tryAcquire: (locks) => locks.tryAcquire("x"),
  request: (locks) => locks.request("x", () => "done"),
  query: (locks) => locks.query("x"),
  list: async (locks) => {
    for await (const _ of locks.list());
  },
  forceRelease: (locks) => locks.forceRelease("held"),
  extend: (_, lease) => lease.extend(),
  verify: (_, lease) => lease.verify(),
  release: (_, lease) => lease.release(),
  dispose: (_, lease) => lease[Symbol.asyncDispose](),
  close: (locks) => locks.close(),
};

function assertNoSecret(world: Watched, ...shown: unknown[]): void {
  const all = texts([...shown, world.events]);
  const tokens = world.sent.map(({ args }) => args[0]?.slice(0, 23) ?? "").filter((token) => token.length === 23);
  for (const secret of [PASSWORD, ...tokens]) if (all.includes(secret)) throw new Error(`a secret in: ${all}`);
}

test("a server that answers anything makes no call crash, hang, leak or believe it", { timeout: 300_000 }, async () => {
  const treatments = fc.array(treatment, { minLength: 1, maxLength: 4 });
  await fuzz(13_000, fc.tuple(fc.constantFrom(...Object.keys(CALLS)), treatments), async ([call, chosen]) => {
    let lying = false;
    const told: unknown[] = [];
    const world: Watched = watched((store) => {
      const lies = liar(chosen, () => world.clock, told)(store);
      return {
        set: (...all) => (lying ? lies : store).set(...all),
        eval: (...all) => (lying ? lies : store).eval(...all),
      };
    });
    const { clock, transport, events } = world;
    const options = { clock, ttl: "5s", wait: "2s", commandTimeout: "1s", owner: "me" };
    const locks = createLocks(transport, { ...options, onEvent: (event) => void events.push(event) });
    const lease = await locks.acquire("held", { renew: true });

    lying = true;
    const allowed = ["BACKEND", "TIMEOUT", "LOST", "CLOSED"];
    const { value: got, error } = await ending(world, 60_000, async () => CALLS[call]?.(locks, lease), ...allowed);
    assertInside(world, "lock:");
    if (/cquire|unfenced/.test(call) && got) {
      const answer = told.at(-1);
      expect(
        answer === "OK" || (Array.isArray(answer) && answer[0] === "granted"),
        `granted by ${String(answer)}`,
      ).toBe(true);
    }
    lying = false;
    await clock.runUntilSettled(locks.close());
    await clock.advance(10_000);
    expect(clock.pending.count).toBe(0);
    expect(world.store.entries().filter(({ key }) => key.startsWith("lock:"))).toEqual([]);
    assertNoSecret(world, error);
  });
});
