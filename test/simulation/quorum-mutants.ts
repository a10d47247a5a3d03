import type { Mutant } from "./mutants.ts";

const ACQUIRE = "src/quorum-acquire.ts";
const FENCE = "src/quorum-fence.ts";
const STORE = "src/quorum-store.ts";
const PART = "src/quorum-part.ts";
const DEADLINE = "src/deadline.ts";
const TWINS = "adapters/support/memory-quorum-scripts.ts";

const SINCE = "Math.max(clock.monotonic() - mono, clock.now() - wall)";

/** What a quorum needs beyond what one server does. With three servers, unless another count is quicker. */
export const QUORUM_MUTANTS: readonly Mutant[] = (
  [
    {
      name: "the fence is the largest of one round",
      file: ACQUIRE,
      from: "if (grants.filter((answer) => answer.fence === fence).length >= majority) return",
      to: "if (grants) return",
      invariants: [3],
    },
    {
      name: "a server that knows a larger fence counts",
      file: FENCE,
      from: 'answer?.outcome === "held" && answer.fence === fence ?',
      to: 'answer?.outcome === "held" ?',
      invariants: [3],
    },
    {
      name: "a restarted server counts at once",
      file: PART,
      from: "if (age >= maxTtl) return undefined;",
      to: "if (age >= 0) return undefined;",
      invariants: [1, 10],
      regime: "kept",
      first: 285,
    },
    {
      name: "of several servers, with the monotonic clock alone",
      file: DEADLINE,
      from: SINCE,
      to: "clock.monotonic() - mono",
      invariants: [1, 6, 10],
      regime: "kept",
      first: 588,
    },
    {
      name: "of several servers, without an allowance for drift",
      file: DEADLINE,
      from: "return ms - ms / 100 - 2;",
      to: "return ms;",
      invariants: [1],
      regime: "kept",
      first: 226,
    },
    {
      name: "the deadline is counted from when the fence was agreed on",
      file: FENCE,
      from: "fence, ...again };",
      to: "fence, ...instant(clock) };",
      invariants: [1, 2],
      regime: "kept",
      first: 64,
    },
    {
      name: "the deadline is counted from the majority's last reply",
      file: ACQUIRE,
      from: '    label: "",\n    ...sent,',
      to: '    label: "",\n    ...instant(electorate.clock),',
      invariants: [1, 2],
      regime: "kept",
      first: 302,
    },
    {
      name: "a renewed deadline is counted from the majority's last reply",
      file: STORE,
      from: "left: leftOf(held, majority), ...sent };",
      to: "left: leftOf(held, majority), ...instant(clock) };",
      invariants: [1, 2],
      regime: "kept",
      stores: 2,
      first: 759,
    },
    {
      name: "what a minority granted is not given back",
      file: "src/quorum-refusal.ts",
      from: "if (!mayHold(seen)) continue;",
      to: "if (!mayHold(seen) || seen.answer) continue;",
      invariants: [9],
    },
    {
      name: "a server that was told of too many others is not told when its vote comes",
      file: "src/quorum-tidy.ts",
      from: "seen = await answered(ttl);",
      to: "return true;",
      invariants: [9],
      stores: 5,
      first: 317_782,
    },
    {
      name: "a server whose vote is awaited when the client is closed is not told",
      file: "src/quorum-tidy.ts",
      from: "if (undecided) void part.give(",
      to: "if (!undecided) void part.give(",
      invariants: [9],
      stores: 5,
      first: 407_724,
    },
    {
      name: "a token is used again after a minority was given back",
      file: "src/wait.ts",
      from: "if (used?.()) {",
      to: "if (used?.() && !token) {",
      invariants: [7],
    },
    {
      name: "a dropped token is given back by its last attempt alone",
      file: "src/wait.ts",
      from: "if (unsure) giveBack();",
      to: "if (unsure && !token) giveBack();",
      invariants: [9],
      first: 1470,
    },
    {
      name: "a repair after the release",
      file: TWINS,
      from: 'mark !== "," && ',
      to: "",
      invariants: [7],
      first: 492,
    },
    {
      name: "a release of one of several servers is not remembered",
      file: TWINS,
      from: "if (args[2] && at >= 0 &&",
      to: "if (args[2] && at > 9999 &&",
      invariants: [7],
      first: 492,
    },
    {
      name: "a repair at any time",
      file: TWINS,
      from: " && now <= Number(last)",
      to: "",
      invariants: [6],
      regime: "kept",
      first: 1751,
    },
    {
      name: "half of the servers are a majority",
      file: "src/quorum.ts",
      from: "const least = Math.floor(size / 2) + 1;",
      to: "const least = Math.ceil(size / 2);",
      invariants: [1, 10],
      stores: 4,
    },
  ] satisfies Mutant[]
).map((mutant) => ({ stores: 3, ...mutant }));
