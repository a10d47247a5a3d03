import fc from "fast-check";

/** What has a meaning to Lua, to Redis, to its patterns, to a Cluster, to JSON, to JavaScript or to this library. */
const FRAGMENTS = [
  ..."{}[]()*?^-\\'\"`$%.:/# \0\r\n\t",
  "' .. redis.call('FLUSHALL') .. '",
  "]] return 1 --",
  "$&",
  "%1",
  "{}",
  "}{",
  "[^a]",
  "[a-",
  "\\*",
  "*\r\n$8\r\nFLUSHALL\r\n",
  "fence.7t5:",
  "queue.b0v5:",
  "result.qdb:",
  "alive.dcr7:",
  "lock:",
  "a",
  "b",
  "__proto__",
  "constructor",
  "🔒",
  "é",
  "\ud800",
  "\udc00",
  "\ufeff",
  "\u2028",
];

/** Texts that mean something to somebody, any texts, and texts that are no Unicode. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 8 }).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  { weight: 1, arbitrary: fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("a", "é", "鎖", "🔒", "*"), fc.integer({ min: 250, max: 1030 }))
      .map(([of, times]) => of.repeat(times)),
  },
);

const unprintable = {
  toString(): string {
    throw new Error("not to be printed");
  },
  toJSON(): string {
    throw new Error("not to be written");
  },
};

/** Values of every type, with the ones that numbers go wrong at. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[0, -0, 1, -1, 0.5, 5, 20, 999, 1000, 30_000, 86_400_000, 86_400_001, 2 ** 31, 2 ** 53, 1e18, 1e308, 5e-324],
      ...[
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        30n,
        true,
        false,
        null,
        undefined,
        Symbol("s"),
      ],
      ...["", "0", "30s", "30 s", "250ms", "1h", "24h", "0.0001s", "1e3ms", `${"9".repeat(400)}ms`, "-1s", "Infinity"],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      [],
      {},
      () => 5,
      () => Number.NaN,
      Object.create(null),
      new Date(0),
      /x/,
      unprintable,
    ),
  },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.anything({ maxDepth: 1 }) },
);
