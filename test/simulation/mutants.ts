import type { Plan } from "./plan.ts";

/** A protection that is taken out of the source, and the invariants by which that is noticed. */
export interface Mutant {
  name: string;
  file: string;
  from: string;
  to: string;
  invariants: number[];
  /** Where it is looked for, if not in both. */
  regime?: Plan["regime"];
  /** With how many servers. @default 1 */
  stores?: number;
  /** Only in worlds in which callers contend. */
  contended?: boolean;
  /** The seed from which it is looked for: one near by shows it soon. @default 1 */
  first?: number;
}

const SCRIPTS = "adapters/support/memory-scripts.ts";
const STORE = "src/store.ts";
const HOLD = "src/hold.ts";
const DEADLINE = "src/deadline.ts";
const RENEW = "src/renew.ts";
const WAIT = "src/wait.ts";

const SINCE = "Math.max(clock.monotonic() - mono, clock.now() - wall)";
/** Where a renewal that failed ends. */
const UNANSWERED = '      hold.overdue = "unreachable";\n';

export const MUTANTS: readonly Mutant[] = [
  {
    name: "no record of spent tokens",
    file: SCRIPTS,
    from: '  if (at < 0) return reply("granted"',
    to: '  if (at < 0 || !value) return reply("granted"',
    invariants: [7, 9],
  },
  {
    name: "a replay refreshes the ttl",
    file: SCRIPTS,
    from: "const left = value ? data.pttl(lock) : Number(ttl);\n  if (!value) data.set",
    to: "const left = Number(ttl);\n  data.set",
    invariants: [5],
  },
  {
    name: "extend does not compare the token",
    file: SCRIPTS,
    from: "  if (value === token) {\n    if (!ttl)",
    to: "  if (value !== undefined) {\n    if (!ttl)",
    invariants: [1, 5, 6],
  },
  {
    name: "extend shortens",
    file: SCRIPTS,
    from: "data.prolong(lock, Number(ttl));",
    to: "data.set(lock, token, Number(ttl));",
    invariants: [1, 2, 5],
  },
  {
    name: "extend makes the key again",
    file: SCRIPTS,
    from: "  if (value === token) {\n    if (!ttl)",
    to: "  if (value === undefined && ttl) data.set(lock, token, Number(ttl));\n  if (value === token || (value === undefined && ttl)) {\n    if (!ttl)",
    invariants: [5, 6, 7],
  },
  {
    name: "release does not compare the token",
    file: SCRIPTS,
    from: `  if (value === token || value === \`?\${token}\`) {\n    if (rest === "0")`,
    to: '  if (value !== undefined) {\n    if (rest === "0")',
    invariants: [1, 5],
  },
  {
    name: "a release that comes before its acquire leaves no trace",
    file: SCRIPTS,
    from: "  data.set(record, text, Math.max",
    to: "  if (!record) data.set(record, text, Math.max",
    invariants: [7],
  },
  {
    name: "force does not compare what it read",
    file: SCRIPTS,
    from: "if (value === undefined || value !== expected)",
    to: "if (value === undefined)",
    invariants: [5],
  },
  {
    name: "the fence is a counter in the record",
    file: SCRIPTS,
    from: "Math.max((Number.parseInt(was, 10) || 0) + 1, now)",
    to: "(Number.parseInt(was, 10) || 0) + 1",
    invariants: [3],
  },
  {
    name: "the fence is the server's clock",
    file: SCRIPTS,
    from: "Math.max((Number.parseInt(was, 10) || 0) + 1, now)",
    to: "now",
    invariants: [3],
  },
  {
    name: "a replay mints another fence",
    file: SCRIPTS,
    from: '  if (value && was[at - 1] === "+") return reply("granted", left, /^\\d+/.exec(was)?.[0]);',
    to: '  if (value && was[at - 1] === "+") return reply("granted", left, String(Number.parseInt(was, 10) + 1));',
    invariants: [3],
  },
  {
    name: "no allowance for drift",
    file: DEADLINE,
    from: "return ms - ms / 100 - 2;",
    to: "return ms;",
    invariants: [1],
    regime: "kept",
  },
  {
    name: "the deadline is counted from the reply",
    file: STORE,
    from: "return { ...parseAnswer(await send(command), outcomes), ...sent };",
    to: "return { ...parseAnswer(await send(command), outcomes), ...sent, ...instant(clock) };",
    invariants: [1],
  },
  {
    name: "the monotonic clock alone",
    file: DEADLINE,
    from: SINCE,
    to: "clock.monotonic() - mono",
    invariants: [1, 6, 10],
    regime: "kept",
  },
  {
    name: "the wall clock alone",
    file: DEADLINE,
    from: SINCE,
    to: "clock.now() - wall",
    invariants: [1, 2, 6, 10],
    regime: "kept",
  },
  {
    name: "an end is not remembered",
    file: HOLD,
    from: "return hold.ended ? 0 : Math.max(0, left);",
    to: "return Math.max(0, left);",
    invariants: [1, 6],
  },
  {
    name: "the signal fires at the deadline, not before it",
    file: DEADLINE,
    from: "return Math.min(ttl / 10, 25);",
    to: "return 0 * ttl;",
    invariants: [2],
    regime: "kept",
  },
  {
    name: "the signal fires at the next renewal only",
    file: HOLD,
    from: "      guard();\n",
    to: "",
    invariants: [2],
  },
  {
    name: "no clean-up after a wait that ends",
    file: "src/clean-up.ts",
    from: 'giveBack({ ...call, clock, store: part }, token, "clean up after", until).catch(',
    to: "Promise.resolve(part && clock && until).catch(",
    invariants: [9],
  },
  {
    name: "a token is used again after it was given back",
    file: WAIT,
    from: "if (token) void cleanUp(call, token);\n    token = undefined;",
    to: "if (token) void cleanUp(call, token);",
    invariants: [7],
  },
  {
    name: "a grant with nothing left is a grant",
    file: WAIT,
    from: "if (lessDrift(left) - since(clock, answer) > margin(ttl)) {",
    to: "if (left) {",
    invariants: [10],
  },
  {
    name: "a fault is taken for loss",
    file: RENEW,
    from: UNANSWERED,
    to: `      hold.lose("deleted");\n${UNANSWERED}`,
    invariants: [10],
  },
  {
    name: "a renewal that fails counts as renewed",
    file: RENEW,
    from: UNANSWERED,
    to: "      hold.deadline.mono = began + hold.ttl;\n      hold.deadline.wall = clock.now() + hold.ttl;\n",
    invariants: [1, 2, 10],
  },
  {
    name: "busy is told after a fault",
    file: WAIT,
    from: "    if (busy && once) return null;",
    to: "    if (once) return null;",
    invariants: [10],
  },
  {
    name: "a reply's truth instead of its value",
    file: "src/reply.ts",
    from: '  if (!outcomes.split(" ").includes(outcome) || length !== 4 || !Number.isSafeInteger(fence ?? 1))',
    to: '  if (reply) return { outcome: outcomes.split(" ")[0] as string, left: Number(left) >= 0 ? Number(left) : 1000, fence: fence || 1, label: "" };\n  if (!length)',
    invariants: [3, 10],
  },
  {
    name: "a waiter sleeps for as long as it may wait",
    file: WAIT,
    from: "Math.min(pause, room, known)",
    to: "Math.min(room, expiry > began ? known : room)",
    invariants: [8],
  },
  {
    name: "no limit on a wait",
    file: WAIT,
    from: "Math.max(1, Math.min(commandTimeout, until - clock.monotonic()))",
    to: "commandTimeout * 3",
    invariants: [11],
  },
  {
    name: "a wait asks more often than it may",
    file: WAIT,
    from: "sent >= maxAttempts",
    to: "sent > maxAttempts",
    invariants: [11],
  },
  {
    name: "the abort listener stays",
    file: WAIT,
    from: 'signal?.removeEventListener("abort", abort);',
    to: "",
    invariants: [9],
  },
  {
    name: "a released lease goes on renewing",
    file: HOLD,
    from: "      hold.renewal?.cancel();\n",
    to: "",
    invariants: [9],
  },
  {
    name: "a renewal that is answered with no goes on",
    file: HOLD,
    from: 'else hold.lose(!hold.confirmed ? "expired" : answer.outcome === "gone" ? "deleted" : "taken");',
    to: "",
    invariants: [2, 10],
  },
  {
    name: "request passes off what was done after a loss",
    file: "src/create-locks.ts",
    from: "if (lost) throw lostError(name, lost, result);",
    to: "if (lost && !name) throw lostError(name, lost, result);",
    invariants: [10],
  },
  {
    name: "a wait that is closed goes on",
    file: "src/close.ts",
    from: "  await finish(waits, 0);\n  await finish(waits, limit);\n",
    to: "",
    invariants: [11],
  },
];
