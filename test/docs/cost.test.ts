import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { subscribe } from "../../adapters/upstash-subscribe.ts";
import type { Transport } from "../../src/index.ts";
import type { RestServer } from "../support/rest-server.ts";
import { type Databases, startDatabases } from "./billing.ts";
import { read, tableUnder } from "./markdown.ts";
import { WAYS, type Way } from "./ways.ts";

const page = read("docs/cost.md");
const overRest = ({ url, token }: RestServer): Transport => upstash({ url, token });
const overStreams = ({ url, token }: RestServer): Transport => upstash({ url, token, subscribe });
/** As any client does it that has no compare-and-delete. */
const byScript =
  (over: typeof overRest) =>
  (server: RestServer): Transport => {
    const { set, eval: run, wakeups } = over(server);
    return { set, eval: run, ...(wakeups && { wakeups }) };
  };

/** $0.20 for 100,000 commands; 500,000 are free in a month. */
const dollars = (commands: number) => (commands * 0.2) / 100_000;
const FREE = 500_000;

const count = (number: number) => number.toLocaleString("en-US");
const money = (amount: number) =>
  `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const small = (amount: number) => `$${amount.toFixed(3)}`;

describe("what the guide to costs says is what is counted", { timeout: 120_000 }, () => {
  let databases: Databases;
  let names = 0;
  /** Commands by title. */
  const commands: Record<string, number> = {};
  beforeAll(async () => {
    databases = await startDatabases(3);
    // Loaded by the first lock that competes, in real time.
    await import("../../src/contention.ts");
    // The servers of a quorum have to be older than a ttl of 2 s, in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 3100));
  });
  afterAll(() => databases?.stop());

  async function mean({ stores = 1, seeds = 1, count }: Way, over: typeof overRest) {
    const sum = { requests: 0, commands: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const cost = await count(databases.counter(over, stores, seed), `name ${++names}`);
      sum.requests += cost.requests;
      sum.commands += cost.commands;
    }
    return { requests: Math.round(sum.requests / seeds), commands: Math.round(sum.commands / seeds) };
  }

  test.each(Object.entries(WAYS))("%s", async (heading, ways) => {
    const rows: string[][] = [];
    for (const way of ways) {
      const over = way.woken ? overStreams : overRest;
      const rest = await mean(way, over);
      const script = await mean(way, byScript(over));
      commands[`${heading}: ${way.title}`] = rest.commands;
      const figures = [rest.requests, rest.commands, script.commands].map(count);
      rows.push([way.title, ...figures, small(dollars(rest.commands * 1000))]);
    }
    expect(tableUnder(page, heading)).toEqual(rows);
  });

  test("In a month", () => {
    const of = (title: string) => {
      const [key] = Object.keys(commands).filter((each) => each.endsWith(`: ${title}`));
      return commands[key ?? ""] ?? Number.NaN;
    };
    const [minutes, hours] = [30 * 24 * 60, 30 * 24];
    const cycle = of("`request`, or `acquire` and its release");
    const kept = of("the same, with a fence, released before its `minHold` is over");
    const refused = of("`tryAcquire`, `ifAvailable` or `wait: 0`, and another has it");
    const [computed, hit] = [of("`singleFlight` that computes"), of("`singleFlight` that finds the result")];
    const waiting = commands["Waiting: one waiter, for 10 minutes"] ?? Number.NaN;
    const patient = commands["Waiting: the same, `retry: { min: 5000, max: 30000 }`"] ?? Number.NaN;
    const inLine = commands["Waiting in line: one waiter in line, for 10 minutes"] ?? Number.NaN;
    const cheap = commands["Taking and giving back: the same, `fence: false`"] ?? Number.NaN;
    const quorum = of("`request`, 3 stores");
    const rows: [string, number][] = [
      ["a lock each minute", minutes * cycle],
      ["a lock each second", minutes * 60 * cycle],
      ["a lock each second, `fence: false`", minutes * 60 * cheap],
      ["a cron each minute on 10 instances, `minHold`, `ifAvailable`", minutes * (kept + 9 * refused)],
      ['one lock held all the time, `ttl: "30s"`', hours * of('an hour of holding, `ttl: "30s"`, renewed')],
      ['the same, `ttl: "5m"`', hours * (commands['Holding: the same, `ttl: "5m"`'] ?? Number.NaN)],
      ["one waiter all the time", hours * 6 * waiting],
      ["the same, `retry: { min: 5000, max: 30000 }`", hours * 6 * patient],
      ["one waiter in line all the time, `fair: true`", hours * 6 * inLine],
      ['one flight of `keep: "1m"`, asked for each second', minutes * (computed + 59 * hit)],
      ["a lock each minute over a quorum of 3", minutes * quorum],
    ];
    expect(tableUnder(page, "In a month")).toEqual(
      rows.map(([what, all]) => [what, count(all), money(dollars(all)), all <= FREE ? "yes" : "no"]),
    );
  });

  test("what is said of them in the text", () => {
    expect(page).toContain("$0.20 per 100,000 commands");
    expect(page).toContain(`${count(FREE)} commands a month`);
    const polls = commands["Waiting: one waiter, for 10 minutes"] as number;
    expect(page).toContain(`${Math.round(FREE / (polls * 6))} hours`);
  });
});
