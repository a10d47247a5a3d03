/** What a library has not: looked for in the code and the types that it ships. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../docs/markdown.ts";
import { Redlock5, simpleRedisMutex, UpstashLock, universal } from "../migrating/libraries.ts";

const installed = join(root, "test/migrating/node_modules");

/** The lines of a library that run or are types, without comments; where it ships a second build, of both. */
function lines(library: string): string[] {
  const files = readdirSync(join(installed, library), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:[cm]?js|d\.[cm]?ts)$/.test(file))
    .filter((file) => !/^test\.js$|node_modules/.test(file));
  expect(files).not.toEqual([]);
  return files
    .map((file) => readFileSync(join(installed, library, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""))
    .flatMap((text) => text.split("\n").map((line) => line.replace(/(^|\s)\/\/.*/, "").trim()))
    .filter(Boolean);
}

/** Those lines that have it in them, each once. */
const having = (library: string, what: RegExp) => [...new Set(lines(library).filter((line) => what.test(line)))];

const FENCE = /fenc/i;
const SIGNAL = /abort/i;
const TIMER = /\bset(?:Timeout|Interval|Immediate)\(/;
const WIRE = /\bfetch\(|https?:\/\/|XMLHttpRequest|require\("(?:node:)?https?"\)|from ["'](?:node:)?https?["']/;

test("all five are on npm, and holdfast is not released", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "test/migrating/package-lock.json"), "utf8"));
  for (const library of [
    "redlock4",
    "redlock5",
    "redis-semaphore",
    "universal",
    "@upstash/lock",
    "simple-redis-mutex",
  ]) {
    expect(packages[`node_modules/${library}`]).toMatchObject({ integrity: expect.stringMatching(/^sha512-/) });
  }
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain("0.1.0, not released.");
});

describe("no fencing token in what it ships", () => {
  test("ours is found by the same search", () => {
    expect(having("simple-redis-mutex", FENCE)).not.toEqual([]);
    expect(readFileSync(join(root, "src/lease.ts"), "utf8")).toMatch(FENCE);
  });

  test.each([["redlock4"], ["redlock5"], ["redis-semaphore"], ["universal"], ["@upstash/lock"]])("%s", (library) => {
    expect(having(library, FENCE)).toEqual([]);
  });
});

test("redlock 4: its only timer is the pause between two attempts", () => {
  expect(having("redlock4", TIMER)).toEqual([expect.stringContaining("setTimeout(attempt, ")]);
});

test("redlock 5: none of its settings ends the renewal", () => {
  const settings = ["automaticExtensionThreshold", "driftFactor", "retryCount", "retryDelay", "retryJitter"];
  expect(Object.keys(new Redlock5([{}]).settings).sort()).toEqual(settings);
});

test("redlock 4: ships no types", () => {
  const { types, typings } = JSON.parse(readFileSync(join(installed, "redlock4/package.json"), "utf8"));
  expect([types, typings]).toEqual([undefined, undefined]);
  expect(readdirSync(join(installed, "redlock4")).filter((file) => file.endsWith(".d.ts"))).toEqual([]);
});

test("redlock-universal: its adapters are for clients of TCP and for memory, and nothing in it speaks HTTP", () => {
  const adapters = Object.keys(universal).filter((name) => name.endsWith("Adapter") && !name.startsWith("create"));
  expect(adapters.sort()).toEqual([
    "BaseAdapter",
    "GlideAdapter",
    "IoredisAdapter",
    "MemoryAdapter",
    "NodeRedisAdapter",
  ]);
  expect(having("universal", WIRE)).toEqual([]);
});

test("@upstash/lock: its only timer is the pause between two attempts", () => {
  expect(having("@upstash/lock", TIMER)).toEqual([expect.stringContaining("setTimeout(resolve, retryDelay)")]);
});

test("@upstash/lock: no signal", () => {
  expect(having("@upstash/lock", SIGNAL)).toEqual([]);
  const members = Object.getOwnPropertyNames(UpstashLock.prototype).sort();
  expect(members).toEqual(["acquire", "constructor", "extend", "getStatus", "id", "release"]);
});

test("simple-redis-mutex: its only timers are those of a wait", () => {
  expect(having("simple-redis-mutex", TIMER)).toEqual([
    "pollingId = setInterval(attempt, pollingInterval);",
    "failId = setTimeout(() => {",
  ]);
});

test("simple-redis-mutex: no signal", () => {
  expect(having("simple-redis-mutex", SIGNAL)).toEqual([]);
  expect(
    Object.keys(simpleRedisMutex)
      .filter((name) => /lock/i.test(name))
      .sort(),
  ).toEqual(["lock", "tryLock"]);
});
