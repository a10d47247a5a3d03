import { Redis } from "ioredis";
import type { RedisServer } from "../../test/support/redis-server.ts";
import { contenders } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { FAIR, OURS, PLAIN, WOKEN } from "../contenders/holdfast.ts";
import { TCP_PEERS } from "../contenders/peers.ts";
import { type Crowd, startCrowd } from "../crowd/crowd.ts";
import { absences, fieldOf } from "../crowd/field.ts";
import { grantsWithin, machineTime } from "../crowd/takes.ts";
import { interleave, known, type Measures, type Played, series } from "../support/interleave.ts";
import { median, summarize } from "../support/statistics.ts";
import { type Section, type Stage, type Suite, turnsOf } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { requestsTo, withRedis } from "./redis.ts";

const HOLD = 5;
/** After this a window ends, however few hand-overs are in it. */
const PATIENCE = 15_000;

interface Extent {
  sizes: number[];
  processes: number;
  /** How long is waited before, and how long each of two windows is, milliseconds. */
  before: number;
  window: number;
  /** Hand-overs in a window. */
  least: number;
}

const FULL: Extent = { sizes: [10, 100, 1000], processes: 4, before: 500, window: 1200, least: 10 };
const QUICK: Extent = { sizes: [4], processes: 1, before: 50, window: 50, least: 1 };

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function cpuOf(client: Redis): Promise<number> {
  const info = await client.info("cpu");
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return (seconds("used_cpu_user_main_thread") + seconds("used_cpu_sys_main_thread")) * 1e6;
}

/** Who the waiters are: callers of four processes, or each as in a process of its own. */
interface Apartness {
  apart: boolean;
  title: string;
  note: string;
  names: readonly string[];
}

const TOGETHER: Apartness = {
  apart: false,
  title: "10, 100 and 1,000 waiters in four processes",
  note: "In four processes",
  names: [PLAIN, FAIR, WOKEN, ...TCP_PEERS],
};
const APART: Apartness = {
  apart: true,
  title: "10, 100 and 1,000 waiters apart",
  note: "Each with locks of its own, as in a process of its own",
  names: [PLAIN, FAIR, WOKEN],
};

/** A window, or longer where so few hand-overs are in it. */
async function span(crowd: Crowd, { window, least }: Extent): Promise<{ grants: number; ms: number }> {
  const from = machineTime();
  for (;;) {
    await sleep(window);
    const to = machineTime();
    const grants = grantsWithin(await crowd.report(), from, to);
    if (grants >= least || to > from + PATIENCE) return { grants, ms: to - from };
  }
}

/**
 * Everybody wants the lock again and again, so that as many wait all the time; what that costs is measured in the
 * middle of it. First the server's work, then the requests, because counting them is work for the server. The processes
 * are ended as they stand: nobody waits for a thousand waiters to leave.
 */
async function turn(
  server: RedisServer,
  contender: Contender,
  waiters: number,
  apart: boolean,
  extent: Extent,
): Promise<Measures> {
  const client = new Redis(server.port, "127.0.0.1");
  const crowd = await startCrowd(extent.processes);
  try {
    await client.flushall();
    await crowd.open(contender, { port: server.port });
    crowd.run(contender, { lock: "waiters", waiters, apart, hold: HOLD }).catch(() => {});
    await sleep(extent.before + waiters);
    const cpu = await cpuOf(client);
    const quiet = await span(crowd, extent);
    const used = (await cpuOf(client)) - cpu;
    let counted = { grants: 0 };
    const requests = await requestsTo(server, async () => {
      counted = await span(crowd, extent);
    });
    return {
      cpu: used / quiet.grants,
      rate: (quiet.grants / quiet.ms) * 1000,
      requests: requests / counted.grants,
    };
  } finally {
    client.disconnect();
    await crowd.close();
  }
}

async function present(server: RedisServer, contender: Contender): Promise<Contender> {
  await (await contender.open({ port: server.port })).close();
  return contender;
}

async function measure(stage: Stage, server: RedisServer, { apart, title, note, names }: Apartness): Promise<Section> {
  const extent = stage.quick ? QUICK : FULL;
  const { sizes } = extent;
  const rounds = turnsOf(stage, 2);
  const all = contenders("TCP", names);
  const { ready, absent } = await fieldOf(stage, all, (contender) => present(server, contender));
  const key = (name: string, waiters: number) => `${name}, ${waiters}`;
  const played = await interleave(
    sizes.flatMap((waiters) =>
      ready.map((contender) => ({
        name: key(contender.name, waiters),
        turns: OURS.includes(contender) ? rounds : 1,
        turn: () => turn(server, contender, waiters, apart, extent),
      })),
    ),
    { rounds, warmUp: 0, progress: (done, of) => stage.progress(title, done / of) },
  );
  return sectionOf(
    title,
    note,
    all.map(({ name }) => name),
    sizes,
    played,
    key,
    absent,
  );
}

function sectionOf(
  title: string,
  note: string,
  names: readonly string[],
  sizes: readonly number[],
  played: ReadonlyMap<string, Played>,
  key: (name: string, waiters: number) => string,
  absent: ReadonlyMap<string, string>,
): Section {
  const figures = (name: string, measure: string) =>
    sizes.map((waiters) => known(series(played.get(key(name, waiters)), measure)).filter(Number.isFinite));
  const medians = (name: string, measure: string) => figures(name, measure).map(median);
  const taking = names.filter((name) => absent.has(name) || played.has(key(name, sizes[0] as number)));
  const requests = medians(WOKEN, "requests");
  const cpu = medians(WOKEN, "cpu");
  const growth = cpu.map((each) => each / (cpu[0] as number));
  const failed = [...played].flatMap(([name, { failures, firstFailure }]) =>
    failures ? [`${name} failed ${failures} times: ${firstFailure}`] : [],
  );
  return {
    title,
    notes: [
      `${note}; everybody wants the lock again, for ${HOLD} ms. Over one local Redis.`,
      "Logarithmic: with ten times as many waiters at most one more of what it is with ten.",
      ...absences(absent),
      ...failed,
    ],
    head: [
      "contender",
      ...sizes.map((size) => `requests a hand-over, ${size.toLocaleString("en-US")}`),
      ...sizes.map((size) => `Redis CPU µs, ${size.toLocaleString("en-US")}`),
      ...sizes.map((size) => `hand-overs a second, ${size.toLocaleString("en-US")}`),
    ],
    rows: taking.map((name) =>
      absent.has(name)
        ? [name, "not supported"]
        : [name, ...["requests", "cpu", "rate"].flatMap((measure) => medians(name, measure).map(number))],
    ),
    targets: [
      {
        what: `${WOKEN}: requests a hand-over, most over fewest`,
        limit: 1.1,
        measured: Math.max(...requests) / Math.min(...requests),
      },
      ...sizes.slice(1).map((size, index) => ({
        what: `${WOKEN}: Redis CPU a hand-over, ${size.toLocaleString("en-US")} over ${sizes[0]} waiters`,
        limit: index + 2,
        measured: growth[index + 1] as number,
      })),
    ],
    data: taking.map((name) => ({
      name,
      absent: absent.get(name),
      sizes,
      ...Object.fromEntries(
        ["requests", "cpu", "rate"].map((measure) => [measure, figures(name, measure).map(summarize)]),
      ),
    })),
  };
}

export const waitersSuite: Suite = {
  name: "waiters",
  summary: "10, 100 and 1,000 waiters: what a hand-over costs",
  packages: ["ioredis", "redis", ...TCP_PEERS],
  run: (stage) =>
    withRedis(async function* (server) {
      for (const one of [TOGETHER, APART]) if (one.title.includes(stage.only)) yield await measure(stage, server, one);
    }),
};
