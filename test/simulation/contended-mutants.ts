import type { Mutant } from "./mutants.ts";

const QUEUE = "adapters/support/memory-queue-scripts.ts";
const HAND = "adapters/support/memory-hand-over-scripts.ts";
const TWINS = "adapters/support/memory-scripts.ts";
const FAIR = "src/fair.ts";
const PLACES = "src/places.ts";
const HAND_OVER = "src/hand-over.ts";

/** What callers that contend need beyond one lock: their line, their messages, and hand-overs in a process. */
export const CONTENDED_MUTANTS: readonly Mutant[] = (
  [
    {
      name: "a grant by message outlasts the ttl that a copy may have set",
      file: FAIR,
      from: "const left = Math.min(before.left, ttl);",
      to: "const left = before.left;",
      invariants: [13],
      first: 105,
      regime: "kept",
    },
    {
      name: "a place never lapses",
      file: QUEUE,
      from: "if (rest > 0 && !entries.includes(idOf(other))) return { member, who, other, rest };",
      to: "if (rest) return { member, who, other, rest: Math.max(rest, 20_000) };",
      invariants: [14],
    },
    {
      name: "who finds the lock free takes it, whoever stands in line",
      file: QUEUE,
      from: "if (!other || other.member === seat) {",
      to: "if (!other || other.member) {",
      invariants: [12],
    },
    {
      name: "who leaves keeps its place",
      file: QUEUE,
      from: 'queue.remove(seat, idOf(token ?? ""));',
      to: "",
      invariants: [14],
    },
    {
      name: "a wait that ends does not leave the line",
      file: FAIR,
      from: "if (left?.stood) void cleanUp(call, left.token);",
      to: "if (left?.stood) void left.token;",
      invariants: [9],
    },
    {
      name: "a token that is spent stands in line",
      file: QUEUE,
      from: "  if (mark) {",
      to: '  if (mark === "!") {',
      invariants: [7],
    },
    {
      name: "a renewal does not know what was handed over",
      file: TWINS,
      from: `if (data.get(lock) === \`?\${token}\`) data.set(lock, token, data.pttl(lock));`,
      to: "",
      invariants: [2, 10],
    },
    {
      name: "who confirms is given another fence",
      file: QUEUE,
      from: 'mark === "+" ? last : grant());\n  }\n  if (held',
      to: "grant());\n  }\n  if (held",
      invariants: [3],
    },
    {
      name: "who leaves passes on what another has",
      file: QUEUE,
      from: `if (rest === "0" && (held === token || held === \`?\${token}\`)) {`,
      to: 'if (rest === "0" && held) {',
      invariants: [1, 5],
    },
    {
      name: "a lock is handed over for longer than the place lasts",
      file: QUEUE,
      from: `data.set(lock, \`?\${other}\`, rest);`,
      to: `data.set(lock, \`?\${other}\`, rest + 20_000);`,
      invariants: [14],
    },
    {
      name: "who is first in its process waits for a message only",
      file: FAIR,
      from: "return Math.min(line.polled + KEEP, line.since + KEEP, expires);",
      to: "return KEEP * Infinity;",
      invariants: [13],
    },
    {
      name: "who becomes first in its process is not told",
      file: PLACES,
      from: "if (line && !at) {",
      to: "if (line && at === -2) {",
      invariants: [8, 13],
    },
    {
      name: "a place lasts until the next poll, no longer",
      file: FAIR,
      from: "const life = 2 * interval + 1000;",
      to: "const life = interval / 2;",
      invariants: [12, 13],
    },
    {
      name: "a hand-over does not compare the token",
      file: HAND,
      from: "if (held === token && !known) {",
      to: "if (held && !known) {",
      invariants: [1, 5],
    },
    {
      name: "a hand-over to one that was given up",
      file: HAND,
      from: "if (held === token && !known) {",
      to: "if (held === token) {",
      invariants: [7, 9],
      first: 185,
    },
    {
      name: "an unknown outcome of a hand-over cleans up one token",
      file: HAND_OVER,
      from: "        void cleanUp({ ...next.call, store: inner }, theirs);\n        wake",
      to: "        wake",
      invariants: [7, 9],
    },
    {
      name: "a hand-over that comes after the wait is kept",
      file: HAND_OVER,
      from: "} else if (!has(theirs)) void cleanUp({ ...next.call, store: inner }, theirs);",
      to: "}",
      invariants: [9],
      first: 150,
    },
    {
      name: "one in line asks while the lock is being handed over",
      file: HAND_OVER,
      from: "line.back = clock.monotonic() + HANDING;",
      to: "line.back = 0 * HANDING;",
      invariants: [15],
      regime: "kept",
      first: 3001,
    },
    {
      name: "a late clean-up forgets the line that there is by then",
      file: HAND_OVER,
      from: "tidy(lineOf());",
      to: "tidy(line);",
      invariants: [8],
      first: 9001,
    },
    {
      name: "who waits elsewhere leaves no mark",
      file: TWINS,
      from: 'data.set(mark, "1",',
      to: 'data.pttl(mark + "1" +',
      invariants: [15],
      regime: "kept",
    },
    {
      name: "a mark is not heeded",
      file: HAND,
      from: "if (since < 0 || since >",
      to: "if (since || since >",
      invariants: [15],
      regime: "kept",
    },
    {
      name: "the line of a process does not stand back",
      file: HAND_OVER,
      from: "line.back = clock.monotonic() + STAND_BACK;",
      to: "line.back = 0 * STAND_BACK;",
      invariants: [15],
      regime: "kept",
    },
  ] satisfies Mutant[]
).map((mutant) => ({ contended: true, ...mutant }));
