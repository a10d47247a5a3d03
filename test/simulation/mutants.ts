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
}

const SCRIPTS = "adapters/support/memory-scripts.ts";
const STORE = "src/store.ts";
const HOLD = "src/hold.ts";

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
    from: '  if (value === token) {\n    if (rest === "0")',
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
    file: "src/deadline.ts",
    from: "ms / 100 + 2",
    to: "ms * 0",
    invariants: [1],
    regime: "kept",
  },
  {
    name: "the deadline is counted from the reply",
    file: STORE,
    from: "return { ...parseAnswer(await send(command), outcomes), ...stamp };",
    to: "const answer = parseAnswer(await send(command), outcomes);\n    return { ...answer, mono: clock.monotonic(), wall: clock.now() + 0 * stamp.wall };",
    invariants: [1],
  },
  {
    name: "the monotonic clock alone",
    file: HOLD,
    from: "Math.min(this.monoEnd - clock.monotonic(), this.wallEnd - clock.now())",
    to: "this.monoEnd - clock.monotonic()",
    invariants: [1, 6, 10],
    regime: "kept",
  },
  {
    name: "the wall clock alone",
    file: HOLD,
    from: "Math.min(this.monoEnd - clock.monotonic(), this.wallEnd - clock.now())",
    to: "this.wallEnd - clock.now()",
    invariants: [1, 2, 6, 10],
    regime: "kept",
  },
  {
    name: "an end is not remembered",
    file: HOLD,
    from: "return this.ended || left <= 0 ? 0 : left;",
    to: "return left <= 0 ? 0 : left;",
    invariants: [1, 6],
  },
  {
    name: "the signal fires at the deadline, not before it",
    file: "src/deadline.ts",
    from: "return Math.min(ttl / 10, 25);",
    to: "return 0 * ttl;",
    invariants: [2],
    regime: "kept",
  },
  {
    name: "the signal fires at the next renewal only",
    file: HOLD,
    from: "      this.#watch();\n",
    to: "",
    invariants: [2],
  },
  {
    name: "no clean-up after a wait that ends",
    file: "src/clean-up.ts",
    from: "store.release(keys, grant, 0, send),",
    to: "Promise.resolve(store && send),",
    invariants: [9],
  },
  {
    name: "a token is used again after it was given back",
    file: "src/acquire.ts",
    from: "cleanUp(core, keys, grant, settings);\n    grant = undefined;",
    to: "cleanUp(core, keys, grant, settings);",
    invariants: [7],
  },
  {
    name: "a grant with nothing left is a grant",
    file: "src/acquire.ts",
    from: "if (left - drift(left) - late > margin(ttl)) {",
    to: "if (left || late) {",
    invariants: [10],
  },
  {
    name: "a fault is taken for loss",
    file: "src/renew.ts",
    from: "      hold.unanswered = true;\n",
    to: '      hold.lose("deleted");\n      hold.unanswered = true;\n',
    invariants: [10],
  },
  {
    name: "a renewal that fails counts as renewed",
    file: "src/renew.ts",
    from: "      hold.unanswered = true;\n",
    to: "      hold.prolong({ mono: began, wall: clock.now(), left: ttl });\n",
    invariants: [1, 2, 10],
  },
  {
    name: "busy is told after a fault",
    file: "src/acquire.ts",
    from: "    if (busy && once) return null;",
    to: "    if (once) return null;",
    invariants: [10],
  },
  {
    name: "a reply's truth instead of its value",
    file: "src/reply.ts",
    from: 'const known = outcomes.split(" ").includes(outcome) && more === undefined;',
    to: 'if (reply) return { outcome: outcomes.split(" ")[0] as string, left: left >= 0 ? left : 1000, fence: fence || 1, value: "" };\n  const known = false && more;',
    invariants: [3, 10],
  },
  {
    name: "a waiter sleeps for as long as it may wait",
    file: "src/acquire.ts",
    from: "Math.min(pause, room, expiry",
    to: "Math.min(room, expiry",
    invariants: [8],
  },
  {
    name: "no limit on a wait",
    file: "src/wait.ts",
    from: "Math.max(1, Math.min(commandTimeout, self.remaining()))",
    to: "commandTimeout * 3",
    invariants: [11],
  },
  {
    name: "a wait asks more often than it may",
    file: "src/acquire.ts",
    from: "wait.attempts >= maxAttempts",
    to: "wait.attempts > maxAttempts",
    invariants: [11],
  },
  {
    name: "the abort listener stays",
    file: "src/wait.ts",
    from: '      signal?.removeEventListener("abort", abort);\n',
    to: "",
    invariants: [9],
  },
  {
    name: "a released lease goes on renewing",
    file: HOLD,
    from: "    this.renewal?.cancel();\n",
    to: "",
    invariants: [9],
  },
  {
    name: "a renewal that is answered with no goes on",
    file: HOLD,
    from: 'else this.lose(!this.confirmed ? "expired" : answer.outcome === "gone" ? "deleted" : "taken");',
    to: "",
    invariants: [2, 10],
  },
  {
    name: "request passes off what was done after a loss",
    file: "src/locks.ts",
    from: "if (lost) throw lostError(name, lost, result);",
    to: "if (lost && !name) throw lostError(name, lost, result);",
    invariants: [10],
  },
  {
    name: "a wait that is closed goes on",
    file: "src/close.ts",
    from: "  await end(waits);\n",
    to: "",
    invariants: [11],
  },
];
