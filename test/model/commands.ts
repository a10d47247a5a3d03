import fc from "fast-check";
import * as flight from "../../src/flight-scripts.ts";
import * as queue from "../../src/queue-scripts.ts";
import * as quorum from "../../src/quorum-scripts.ts";
import * as scripts from "../../src/scripts.ts";

/** One step of a run, the same on both sides; keys and tokens by number. */
export type Step =
  | { do: "set"; lock: number; token: number; ttl: number }
  | { do: "eval"; script: keyof typeof SCRIPTS; lock: number; args: (number | string)[] }
  | { do: "foreign"; lock: number; value: string; ttl: number }
  | { do: "record"; lock: number; value: string; ttl: number }
  | { do: "result"; lock: number; value: string; ttl: number }
  | { do: "delete"; lock: number; record: boolean }
  | { do: "pass"; seconds: number };

/** Those of a lock, those of a quorum, and those of a single flight and of a waiting line, which have a third key. */
type Name = "ACQUIRE" | "EXTEND" | "RELEASE" | "FORCE" | "QUERY";
type OfQuorum = "VOTE" | "KEEP" | "MEND" | "GIVE" | "LOOK";
type OfFlight = "FLY" | "LAND" | "PEEK" | "LEAVE";
type OfLine = "JOIN" | "PASS";
export const SCRIPTS: Record<Name | OfQuorum | OfFlight | OfLine, string> = {
  ...scripts,
  ...quorum,
  ...flight,
  ...queue,
};

const ID = "abcdefghijklmnopqrstuv";

/** Tokens with every kind of label, and one whose id differs from another's in its last character only. */
export const TOKENS: readonly string[] = [
  `t${ID}`,
  `t${ID.slice(0, 21)}w`,
  `t0123456789-_ABCDEFGHIJ worker 7`,
  `t0123456789-_ABCDEFGHIK 123`,
  `t0123456789-_ABCDEFGHIL [1, "two"]`,
  `tzzzzzzzzzzzzzzzzzzzzzz line\nbreak\r\t end\n`,
  "tyyyyyyyyyyyyyyyyyyyyyy 🔒 naïve 名前",
  `txxxxxxxxxxxxxxxxxxxxxx ${" ".repeat(3)}`,
  `twwwwwwwwwwwwwwwwwwwwww ${"long ".repeat(51)}`,
  "tvvvvvvvvvvvvvvvvvvvvvv +.!?=%d$1",
];

/**
 * Every ttl ends half a second after a full one and time passes in full seconds, so that no key expires at a moment at
 * which the two sides might disagree.
 */
const ttl = fc.constantFrom(1500, 2500, 7500, 30_500, 86_400_500);
const token = fc.nat(TOKENS.length - 1);
const lock = fc.nat(1);

/** A token by its number, or by `{ of }` the value that its lock has at that moment. */
export const CURRENT = "the value that is there";

/** The id of the token that is asked with. */
export const ITS_ID = "the id of the token";

/** A fence that is in the record at that moment, or a little larger. */
export const COUNTER = "the counter that is there";
export const BEYOND = "a little more than the counter";

function evaluate(script: keyof typeof SCRIPTS, ...args: fc.Arbitrary<number | string>[]): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constant("eval" as const), script: fc.constant(script), lock, args: fc.tuple(...args) });
}

const text = (...values: number[]) => fc.constantFrom(...values.map(String));
const life = fc.oneof({ weight: 4, arbitrary: text(4500, 3_600_500) }, { weight: 1, arbitrary: fc.constant("") });
const ms = ttl.map(String);

/** Some time in 2100, in microseconds. */
const LATER = "4102444800000000";
const agreed = fc.constantFrom("1", COUNTER, COUNTER, BEYOND, LATER);

/** What other libraries, operators and accidents leave at a lock's key. */
const foreign = fc.constantFrom(
  "",
  "0",
  "f47ac10b-58cc-4372-a567-0e02b2c3d479",
  "t",
  "tshort label",
  `.${TOKENS[2]}`,
  `?${TOKENS[3]}`,
  "{}",
  "ü",
);

/** Seven entries that are nobody's, so that one or two more make the oldest fall out. */
const OLD = [..."1234567"].map((digit) => `.t${digit.repeat(22)}`).join("");

/** Records that are full, that lost their fence, ran far ahead, or are none of ours. */
const record = fc.constantFrom(
  `123+${TOKENS[0]}${OLD}`,
  `123+${TOKENS[1]}!${TOKENS[0]}${OLD.slice(24)}`,
  `123.${TOKENS[0]}${OLD}`,
  `123,${TOKENS[0]}${OLD}`,
  `123+${TOKENS[1]}.${TOKENS[0]},${TOKENS[2]?.slice(0, 23)}`,
  "",
  "0",
  "not ours",
  `.${TOKENS[0]}`,
  `123+${TOKENS[1]}`,
  `4102444800000000+${TOKENS[1]}!${TOKENS[0]}`,
  "9007199254740990",
  "9007199254740991",
);

/** Results and failures of earlier and later grants, and what is none. */
const result = fc.constantFrom(
  `123 ="made"`,
  "123 =",
  "124 =line\nbreak\r\t end\n",
  "124 !",
  "9007199254740991 =ü 🔒",
  "4102444800000000 !",
);
const noResult = fc.constantFrom("", "!", "=", "123", "123=x", " =x", "0 =x", "-1 =x", "123 ?x", "x 123 =y");

/** How long a place lives after each request; none is taken by who does not wait. */
const places = fc.constantFrom("", "1500", "2500", "2500", "4500", "11500");

/** Who waits alone, and who does so with others of its process. */
const who = fc.constantFrom(ITS_ID, "holdfast:one", "holdfast:two");

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: evaluate("ACQUIRE", token, ms, life, fc.constantFrom("", "1")) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("set" as const), lock, token, ttl }) },
  { weight: 4, arbitrary: evaluate("EXTEND", token, fc.oneof(ms, fc.constant(""))) },
  { weight: 5, arbitrary: evaluate("RELEASE", token, text(0, 0, 2500, 7500), life) },
  {
    weight: 3,
    arbitrary: evaluate("FORCE", token, ms, text(4500, 3_600_500), fc.oneof(fc.constant(CURRENT), foreign)),
  },
  { weight: 2, arbitrary: evaluate("QUERY", fc.constantFrom("", "1")) },
  { weight: 4, arbitrary: evaluate("VOTE", token, ms, life, fc.constantFrom("", "1"), fc.constant("")) },
  { weight: 3, arbitrary: evaluate("KEEP", token, fc.oneof(ms, fc.constant(""))) },
  { weight: 4, arbitrary: evaluate("MEND", token, fc.constant(""), life, agreed, fc.constant("")) },
  { weight: 4, arbitrary: evaluate("MEND", token, ms, life, agreed, fc.constantFrom("1", LATER)) },
  { weight: 4, arbitrary: evaluate("GIVE", token, text(0, 0, 2500, 7500), life) },
  { weight: 2, arbitrary: evaluate("LOOK", fc.constant("")) },
  { weight: 4, arbitrary: evaluate("FLY", token, ms, life, fc.constantFrom("", "1"), fc.constantFrom("", "0", "124")) },
  { weight: 3, arbitrary: evaluate("LAND", token, text(0, 0, 2500), life, ms, result) },
  { weight: 1, arbitrary: evaluate("PEEK") },
  { weight: 3, arbitrary: evaluate("LEAVE", token, ms, fc.constant(""), result) },
  { weight: 9, arbitrary: evaluate("JOIN", token, ms, text(4500, 3_600_500), who, places, fc.constantFrom("", "1")) },
  { weight: 6, arbitrary: evaluate("PASS", token, text(0, 0, 0, 2500), text(4500, 3_600_500), who) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("result" as const), lock, value: fc.oneof(result, noResult), ttl }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("foreign" as const), lock, value: foreign, ttl }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("record" as const), lock, value: record, ttl }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), lock, record: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(1, 2, 5) }) },
);
