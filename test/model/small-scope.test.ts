import { describe, expect, test } from "vitest";
import type { MemoryData } from "../../adapters/support/memory-data.ts";
import { TWINS } from "../../adapters/support/memory-scripts.ts";
import { ACQUIRE, EXTEND, RELEASE } from "../../src/scripts.ts";
import { explore } from "./small-scope/explore.ts";
import type { Rules, Script } from "./small-scope/rules.ts";
import type { Scope } from "./small-scope/world.ts";

const [acquire, extend, release] = [ACQUIRE, EXTEND, RELEASE].map((script) => TWINS.get(script)) as unknown as [
  Script,
  Script,
  Script,
];

describe("every interleaving keeps every property, with", { timeout: 300_000 }, () => {
  test.each<[string, Scope]>([
    ["two clients, seven steps", { clients: 2, steps: 7 }],
    ["losses and crashes", { clients: 2, steps: 6, losses: true }],
    ["waits that go on with a new token", { clients: 2, steps: 6, tries: 2 }],
    ["extends, also for longer", { clients: 2, steps: 7, extends: 2 }],
    ["writes to a fenced resource", { clients: 2, steps: 7, writes: 1 }],
    ["names that are kept after their release", { clients: 2, steps: 7, minHold: 2500 }],
    ["an operator who forces it free", { clients: 2, steps: 6, operator: true }],
    ["three clients", { clients: 3, steps: 6 }],
  ])("%s", (_, scope) => {
    const { broken, states } = explore(scope);
    expect(broken).toBeUndefined();
    expect(states).toBeGreaterThan(1000);
  });
});

/** The scripts as they would be without one of their rules. */
const without: Record<string, Script> = {
  "the comparison in release": (data, keys, args) => {
    data.delete(keys[0]);
    return release(data, keys, args);
  },
  "the comparison in extend": (data, keys, args) => {
    const value = data.get(keys[0]);
    if (value) data.prolong(keys[0], Number(args[1]));
    return value ? ["held", Number(args[1]), "", "="] : extend(data, keys, args);
  },
  "the rule that renewal never re-creates": (data, keys, args) => {
    if (data.get(keys[0]) === undefined) data.set(keys[0], args[0] as string, Number(args[1]));
    return extend(data, keys, args);
  },
  "the rule that an extend only lengthens": (data, keys, args) => {
    if (data.get(keys[0]) === args[0]) data.set(keys[0], args[0] as string, Number(args[1]));
    return extend(data, keys, args);
  },
  "the rule that a replay does not refresh the ttl": (data, keys, args) => {
    if (data.get(keys[0]) === args[0]) data.set(keys[0], args[0] as string, Number(args[1]));
    return acquire(data, keys, args);
  },
  "the record of spent tokens": (data, keys, args) => {
    const was = data.get(keys[1]);
    const answer = release(data, keys, args);
    restore(data, keys[1], was);
    return answer;
  },
  "the record of granted tokens": (data, keys, args) => {
    const answer = acquire(data, keys, args);
    const fence = /^\d+/.exec(data.get(keys[1]) ?? "")?.[0];
    if (fence) data.set(keys[1], fence, 3_600_000);
    return answer;
  },
  "the previous fence": (data, keys, args) => {
    data.delete(keys[1]);
    return acquire(data, keys, args);
  },
  "the comparison in force": (data, [lock], [token = "", ttl]) => {
    data.set(lock, token, Number(ttl));
    return ["granted", Number(ttl), String(data.time() + 1e9), "="];
  },
  "the rule that a repeated release does not prolong what is kept": (data, keys, args) => {
    if (data.get(keys[0]) === `.${args[0]}`) data.set(keys[0], `.${args[0]}`, Number(args[1]));
    return release(data, keys, args);
  },
};

function restore(data: MemoryData, key: string, value: string | undefined): void {
  if (value === undefined) data.delete(key);
  else data.set(key, value, 3_600_000);
}

describe("the counterexample is found again without", { timeout: 300_000 }, () => {
  const script = (kind: "acquire" | "extend" | "release" | "force", what: string) => ({ [kind]: without[what] });
  test.each<[string, Scope, Partial<Rules>, string]>([
    [
      "deadlines that are counted from before the request",
      { clients: 2, steps: 8 },
      { deadlineFrom: "reply" },
      "two clients believe that they hold",
    ],
    [
      "a new token after a clean-up",
      { clients: 2, steps: 8, tries: 2 },
      { freshTokens: false },
      "two clients believe that they hold",
    ],
    ...(
      [
        ["release", "the comparison in release", {}, "changed the key of another"],
        ["extend", "the comparison in extend", { extends: 1 }, "changed the key of another"],
        ["extend", "the rule that renewal never re-creates", { extends: 1 }, "brought a lease back"],
        ["extend", "the rule that an extend only lengthens", { extends: 2 }, "shortened a life"],
        ["acquire", "the rule that a replay does not refresh the ttl", {}, "prolonged a life"],
        ["release", "the record of spent tokens", {}, "a token that was given back"],
        ["acquire", "the record of granted tokens", {}, "a replay changed the fence"],
        ["acquire", "the previous fence", {}, "a replay changed the fence"],
        ["force", "the comparison in force", { operator: true }, "force prolonged a life"],
        [
          "release",
          "the rule that a repeated release does not prolong what is kept",
          { minHold: 2500 },
          "prolonged a life",
        ],
      ] as const
    ).map(([kind, what, scope, property]): [string, Scope, Partial<Rules>, string] => [
      what,
      { clients: 2, steps: 8, ...scope },
      script(kind, what),
      property,
    ]),
  ])("%s", (_, scope, rules, property) => {
    const { broken } = explore(scope, rules);
    expect(broken?.property).toMatch(new RegExp(property));
    expect(broken?.history.length).toBeLessThanOrEqual(scope.steps);
  });
});
