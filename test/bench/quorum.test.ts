import { describe, expect, test } from "vitest";
import {
  FENCED,
  nameOf,
  ONE_ROUND,
  REFERENCE,
  REFERENCE_AGAIN,
  TWO_ROUNDS,
  UNFENCED,
} from "../../bench/quorum/names.ts";
import { observeReplies } from "../../bench/quorum/replies.ts";
import { SCENARIOS } from "../../bench/quorum/scenario.ts";
import { sectionOf } from "../../bench/quorum/section.ts";
import type { Played } from "../../bench/support/interleave.ts";
import type { Transport } from "../../src/index.ts";
import { read } from "../docs/markdown.ts";

const always = (ms: number, { failures = 0, slowest = 0 } = {}): Played => ({
  rounds: Array.from({ length: 4 }, () => ({ acquire: ms, release: 1, ...(slowest && { slowest }) })),
  failures,
  ...(failures && { firstFailure: "no quorum" }),
});

describe("a section of the suite", () => {
  const names = [REFERENCE, REFERENCE_AGAIN, ONE_ROUND, TWO_ROUNDS, UNFENCED, FENCED, "slow peer"];
  const [scenario] = SCENARIOS;
  const played = new Map([
    [REFERENCE, always(10)],
    [REFERENCE_AGAIN, always(10)],
    [ONE_ROUND, always(20)],
    [TWO_ROUNDS, always(40)],
    [UNFENCED, always(22, { slowest: 20 })],
    [nameOf(UNFENCED, true), always(22)],
    [FENCED, always(50, { slowest: 40 })],
    [nameOf(FENCED, true), always(60)],
    ["slow peer", always(15)],
    [nameOf("slow peer", true), always(5000, { failures: 2 })],
  ]);
  const { rows, targets, notes } = sectionOf(
    scenario!,
    names,
    [1, 2, 3],
    played,
    new Map([[UNFENCED, { sent: 2, executed: 5 }]]),
  );
  const cellsOf = (name: string) => rows.find(([first]) => first === name);

  test("compares with its replies, with the reference, with the same requests sent raw, and hanging with healthy", () => {
    expect(cellsOf(UNFENCED)).toEqual([
      UNFENCED,
      "22.0",
      "22.0 to 22.0",
      "1.10",
      "2.20",
      "1.10",
      "22.0",
      "1.00",
      "2",
      "5",
    ]);
    expect(cellsOf("slow peer")).toEqual([
      "slow peer",
      "15.0",
      "15.0 to 15.0",
      "",
      "1.50",
      "",
      "5000",
      "333",
      "-",
      "-",
    ]);
  });

  test("shows what the fence's second round adds, against the second round of raw requests", () => {
    expect(cellsOf("the fence's second round in that")).toEqual([
      "the fence's second round in that",
      "28.0",
      "28.0 to 28.0",
      "",
      "",
      "1.40",
    ]);
  });

  test("judges a round by the majority's slowest reply, and a minority that hangs by what it adds", () => {
    expect(targets.map(({ measured, limit }) => [measured, limit])).toEqual([
      [1.1, 1.2],
      [1.25, 1.2],
      [1.1, 1.2],
      [1.25, 1.2],
      [1, 1.1],
      [1.2, 1.1],
    ]);
  });

  test("knows the slowest reply of a majority, of each script that was sent", async () => {
    const later = (ms: number): Transport => ({
      set: async () => "OK",
      eval: () => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    const { transports, begin, until } = observeReplies([
      later(0),
      later(200),
      { set: async () => null, eval: () => new Promise(() => {}) },
    ]);
    const ask = (script: string) => transports.map((store) => store.eval(script, [], []));
    begin();
    expect(until(2)).toBe(0);
    await Promise.all(ask("a").slice(0, 2));
    const one = until(2);
    expect(one).toBeGreaterThan(190);
    expect(until(3)).toBeNaN();
    await Promise.all(ask("b").slice(0, 2));
    expect(until(2)).toBeGreaterThan(one + 190);
  });

  test("says who failed, and the first reason", () => {
    expect(notes).toContain("slow peer failed 0 times, 2 times with one hanging: no quorum");
  });
});

test("every part of the suite is in the page that has its figures", () => {
  const page = read("docs/bench.md");
  for (const { title } of SCENARIOS) expect(page).toContain(`### ${title}\n`);
});

test("a scenario says how far each of its servers is", () => {
  for (const { servers, roundTrips } of SCENARIOS) expect(roundTrips?.length ?? servers).toBe(servers);
});

test("peers are no dependency of ours", () => {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(read("package.json"));
  const peers = Object.keys(JSON.parse(read("bench/package.json")).dependencies);
  expect(peers).toContain("redlock");
  expect(Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => peers.includes(name))).toEqual([]);
});

test("the lock file of the benchmarks leaves open where packages come from, like the others", () => {
  const { packages } = JSON.parse(read("bench/package-lock.json"));
  expect(Object.values(packages).filter((entry) => Object(entry).resolved)).toEqual([]);
});
