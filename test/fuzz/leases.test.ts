import fc from "fast-check";
import { expect, test } from "vitest";
import { createLocks, type Lease, type SerializedLease } from "../../src/index.ts";
import { fuzz } from "../support/fuzz.ts";
import { text, value } from "./arbitraries.ts";
import { assertInside, ending, texts, watched } from "./watch.ts";

const OTHER = `t${"Zz9-_".repeat(4)}ab`;
const NEARLY = [
  [OTHER],
  "",
  "t",
  OTHER.slice(0, 22),
  `${OTHER}x`,
  ` ${OTHER}`,
  `.${OTHER}`,
  `?${OTHER}`,
  `${OTHER}\n`,
  `${OTHER}+`,
];

/** A field of a lease: as it was handed over, or anything else. */
const field = (...others: fc.Arbitrary<unknown>[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ keep: true }) },
    ...others.map((other) => other.map((put) => ({ put }))),
  );

const changes = fc.record({
  name: field(text, value),
  token: field(fc.constantFrom(OTHER, `${OTHER} me`, ...NEARLY), text, value),
  fence: field(value),
  ttl: field(value),
  minHold: field(value),
});

/** A message on its way to another process, with some of its characters changed. */
const damage = fc.array(
  fc.tuple(fc.nat(200), fc.constantFrom("", '"', "}", ",", "0", "-", "e9", "t", "null", "\\u0000", " ")),
  {
    maxLength: 3,
  },
);

function damaged(message: string, cuts: [number, string][]): unknown {
  let changed = message;
  for (const [at, put] of cuts) changed = changed.slice(0, at) + put + changed.slice(at + 1);
  try {
    return JSON.parse(changed);
  } catch {
    return undefined;
  }
}

async function harmless(make: (handed: SerializedLease) => unknown): Promise<void> {
  const world = watched();
  const locks = createLocks(world.transport, { clock: world.clock });
  const given = await locks.acquire("given", { ttl: "5s" });
  const bystander = await locks.acquire("x", { owner: "me" });
  const handed = given.handOver();
  const serialized = make(handed) as SerializedLease;
  const { token } = Object(serialized);
  const before = world.store.entries().find(({ key }) => key === "lock:x");

  const restored = await ending(world, 0, () => locks.restore(serialized), "OPTIONS");
  const errors: unknown[] = [restored.error];
  if (restored.value) {
    const calls: ((lease: Lease) => Promise<unknown>)[] = [
      (lease) => lease.verify(),
      (lease) => lease.extend(),
      (lease) => lease.release(),
    ];
    for (const call of calls) {
      const { error } = await ending(world, 5000, () => call(restored.value as Lease), "LOST");
      errors.push(error);
    }
  }
  assertInside(world, "lock:");
  expect(world.store.entries().find(({ key }) => key === "lock:x")).toEqual(before);
  expect(await bystander.verify()).toBe(true);
  // Shorter ones, and words of the messages, are nobody's secret.
  if (typeof token === "string" && /[\w-]{20}/.test(token)) expect(texts(errors)).not.toContain(token);
}

test("a serialized lease of any kind is restored or refused, and harms nobody else's", {
  timeout: 300_000,
}, async () => {
  await fuzz(12_000, changes, (fields) =>
    harmless((handed) => {
      const put = Object.entries(fields).flatMap(([key, change]) => ("put" in change ? [[key, change.put]] : []));
      return { ...handed, ...Object.fromEntries(put) };
    }),
  );
});

test("nor does a message that was damaged on its way, or what is no lease at all", { timeout: 300_000 }, async () => {
  await fuzz(5_000, damage, (cuts) => harmless((handed) => damaged(JSON.stringify(handed), cuts)));
  await fuzz(1_000, value, (anything) => harmless(() => anything));
});
