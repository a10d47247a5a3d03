import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { LockEvent } from "../../src/index.ts";
import { type Bench, bench, rejection } from "../support/bench.ts";
import type { Call } from "../support/wire.ts";

const PASSWORD = "hunter2-of-redis";
const BEARER = "AXyz0bearer_TOKEN";

/** Client errors as they are: with the whole command, the address and the headers in every place there is. */
const LEAKS: [string, (command: string) => unknown][] = [
  [
    "in the message",
    (command) => new Error(`ERR unknown command, with args: ${command} at redis://default:${PASSWORD}@db.example:6379`),
  ],
  [
    "in the cause",
    (command) => new Error("fetch failed", { cause: new Error(`Bearer ${BEARER} refused for ${command}`) }),
  ],
  [
    "deep in causes",
    (command) =>
      new Error("a", { cause: new Error("b", { cause: { message: `rediss://:${PASSWORD}@h ${command}` } }) }),
  ],
  [
    "in an AggregateError",
    (command) => new AggregateError([new Error(`connect redis://u:${PASSWORD}@[::1]:6379 ${command}`)], ""),
  ],
  [
    "in properties",
    (command) =>
      Object.assign(new Error("ReplyError"), {
        command: { name: "evalsha", args: command.split(" ") },
        options: { password: PASSWORD, headers: { authorization: `Bearer ${BEARER}` } },
      }),
  ],
  [
    "in the stack",
    (command) =>
      Object.assign(new Error("x"), { stack: `Error: ${command}\n at Bearer ${BEARER} redis://u:${PASSWORD}@h` }),
  ],
  [
    "in the name and the code",
    (command) => Object.assign(new Error("x"), { name: command, code: `redis://u:${PASSWORD}@h` }),
  ],
  ["in a thrown text", (command) => `${command} failed: authorization: bearer ${BEARER}`],
  [
    "in a thrown object",
    (command) => ({ message: `{"args":"${command}","authorization":"Bearer ${BEARER}"}`, toString: () => command }),
  ],
  [
    "in JSON",
    (command) =>
      new Error(JSON.stringify({ body: command.split(" "), headers: { Authorization: `Bearer ${BEARER}` } })),
  ],
  [
    "as a definitive refusal",
    (command) =>
      Object.assign(new Error(`WRONGPASS ${command} https://user:${PASSWORD}@x.upstash.io`), { definitive: true }),
  ],
];

/** Everything that a log could make of a value. */
function shown(value: unknown): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  function visit(item: unknown): void {
    if (seen.has(item)) return;
    seen.add(item);
    parts.push(String(item), inspect(item, { depth: 20, showHidden: true, getters: true }), JSON.stringify(item) ?? "");
    if (typeof item !== "object" || item === null) return;
    for (const key of Reflect.ownKeys(item)) if (key !== "clock") visit((item as Record<PropertyKey, unknown>)[key]);
  }
  visit(value);
  return parts.join("\n");
}

function secretsIn(value: unknown, all: Bench): string[] {
  const text = shown(value);
  const tokens = all.network.calls.map(({ token }) => token.slice(0, 23)).filter((token) => /^t[\w-]{22}$/.test(token));
  return [PASSWORD, BEARER, ...tokens].filter((secret) => text.includes(secret));
}

const command = (call: Call) => `evalsha 5b1f 2 lock:x fence.7t5:lock:x ${call.args.join(" ")}`;

describe.each(LEAKS)("a client's error that carries secrets %s", (_, leak) => {
  test("shows none of them in an error, its cause, its stack, its JSON, or an event", async () => {
    const all = bench({ owner: "worker 7", ttl: "5s", commandTimeout: "1s" });
    const errors: unknown[] = [];
    const note = async (promise: Promise<unknown>) => errors.push(await all.clock.runUntilSettled(rejection(promise)));

    all.network.treat = (call) => ({ refuses: leak(command(call)) });
    await note(all.locks.acquire("x", { wait: "1s" }));
    await note(all.locks.tryAcquire("x"));
    await note(all.locks.request("x", { ifAvailable: true }, () => {}));
    await note(all.locks.query("x"));
    await note(all.locks.forceRelease("x"));
    await note(all.locks.list()[Symbol.asyncIterator]().next());

    all.network.treat = () => undefined;
    const lease = await all.locks.acquire("x", { renew: true });
    all.network.treat = (call) => ({ throws: leak(command(call)) });
    await note(lease.extend());
    await note(lease.verify());
    const lost = all.clock.runUntilSettled(rejection(all.locks.restore({ name: "x", token: lease.token }).release()));
    errors.push(await lost);
    await all.clock.advance(60_000);
    errors.push(lease.signal.reason);

    expect(errors).toHaveLength(10);
    for (const error of errors) expect(secretsIn(error, all)).toEqual([]);
    expect(all.events.length).toBeGreaterThan(3);
    for (const event of all.events) expect(secretsIn(event, all)).toEqual([]);
  });
});

test("nor does a reply that is no answer show a token that is in it, whole or cut", async () => {
  for (let filler = 0; filler < 90; filler++) {
    const all = bench();
    all.network.treat = (call) => ({ says: [`${"x".repeat(filler)} ${call.token}`, call.token] });
    const error = await rejection(all.locks.tryAcquire("x"));
    const text = shown(error) + shown(all.events);
    for (const { token } of all.network.calls) {
      expect(text.includes(token.slice(0, 12)), `after ${filler}: ${(error as Error).message}`).toBe(false);
    }
  }
});

test("what a user needs is still there", async () => {
  const all = bench();
  all.network.treat = () => ({ refuses: new Error(`connect ETIMEDOUT redis://default:${PASSWORD}@db.example:6379`) });
  const error = await rejection(all.locks.tryAcquire("invoice:42"));
  expect((error as Error).message).toMatch(/"invoice:42".*ETIMEDOUT.*db\.example:6379/);
});

describe("a lease in a log", () => {
  test("shows its name, owner, mode and deadline, and never the token", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { owner: "worker 7", renew: true });
    expect(lease.signal.aborted).toBe(false);
    expect(JSON.parse(JSON.stringify(lease))).toEqual({
      name: "x",
      owner: "worker 7",
      mode: "exclusive",
      expiresAt: lease.expiresAt,
    });
    expect(lease.token).toMatch(/^t[\w-]{22} worker 7$/);
    const id = lease.token.slice(1, 23);
    for (const text of [
      inspect(lease, { depth: 20, showHidden: true }),
      String(lease),
      JSON.stringify({ lease }),
      inspect({ deep: [lease] }),
      JSON.stringify(structured(lease)),
    ]) {
      expect(text).not.toContain(id);
    }
    expect(Object.keys(lease)).toEqual([]);
  });

  test("nor do the locks that made it", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { renew: true });
    expect(inspect(all.locks, { depth: 20, showHidden: true })).not.toContain(lease.token);
    expect(JSON.stringify(all.locks) ?? "").not.toContain(lease.token);
  });

  test("nor a snapshot, whose label is shown", async () => {
    const all = bench();
    const lease = await all.locks.acquire("x", { owner: "worker 7" });
    const snapshot = await all.locks.query("x");
    expect(snapshot.holders[0]?.owner).toBe("worker 7");
    expect(shown(snapshot)).not.toContain(lease.token.slice(0, 23));
  });

  test("nor the error for a token that is none", () => {
    const all = bench();
    for (const token of [`t${"a".repeat(21)}!`, `s${"b".repeat(22)}`, "my-very-secret-token"]) {
      expect(() => all.locks.restore({ name: "x", token })).toThrow(/token/);
      try {
        all.locks.restore({ name: "x", token });
      } catch (error) {
        expect(shown(error)).not.toContain(token);
      }
    }
  });
});

/** A plain copy of what can be enumerated. */
function structured(value: object): object {
  return { ...value };
}

test("an event is plain data with known fields", async () => {
  const all = bench();
  const lease = await all.locks.acquire("x", { renew: true });
  await all.clock.advance(15_000);
  await lease.release();
  const known: (keyof LockEvent)[] = ["type", "name", "ms", "attempts", "owner", "reason", "during", "error"];
  for (const event of all.events) expect(known).toEqual(expect.arrayContaining(Object.keys(event)));
});
