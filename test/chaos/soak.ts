import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../support/random.ts";
import { text } from "../support/resp.ts";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { growthOf, type Series } from "./growth.ts";
import { now } from "./journal.ts";
import { progress } from "./report.ts";
import type { SoakPart, SoakReport, Use } from "./soaker.ts";
import { keysLeft, openStage, type Stage } from "./stage.ts";

const PROGRAM = new URL("./soaker.ts", import.meta.url);
const PROCESSES = 4;
const LOCKS = 12;

interface Sample extends Use {
  served: number;
  unserved: number;
  keys: number;
  serverMemory: number;
  connections: number;
}

/** Small mishaps, so that clean-ups, new connections and scripts that were forgotten are part of what goes on. */
async function mishap(stage: Stage, proxy: TcpProxy, random: () => number): Promise<void> {
  const dice = random();
  if (dice < 0.3) proxy.cut();
  else if (dice < 0.5) await stage.admin("SCRIPT", "FLUSH");
  else if (dice < 0.7) await stage.admin("CLIENT", "KILL", "TYPE", "normal");
  else {
    proxy.blackhole(true, dice < 0.85 ? "requests" : "replies");
    await sleep(1500);
    proxy.blackhole(false);
  }
}

const number = (info: string, name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);

async function sampleOf(stage: Stage, children: readonly ChildProcess[], broken: string[]): Promise<Sample> {
  const reports = await Promise.all(
    children.map(async (child) => {
      const over = new AbortController();
      const gone = once(child, "exit", over).then(([code, signal]) => {
        throw new Error(`a process of the soak ended with ${signal ?? code}`);
      });
      const answered = once(child, "message", over);
      child.send("sample", () => {});
      const [report] = await Promise.race([answered, gone]).finally(() => over.abort());
      return report as SoakReport;
    }),
  );
  broken.push(...reports.flatMap((report) => report.broken));
  const sum = (of: (report: SoakReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  const info = text(await stage.admin("INFO"));
  return {
    heap: sum(({ use }) => use.heap),
    resident: sum(({ use }) => use.resident),
    timers: sum(({ use }) => use.timers),
    sockets: sum(({ use }) => use.sockets),
    served: sum(({ served }) => served),
    unserved: sum(({ unserved }) => unserved),
    keys: (await stage.admin("DBSIZE")) as number,
    serverMemory: number(info, "used_memory"),
    connections: number(info, "connected_clients"),
  };
}

const megabytes = (value: number): string => `${(value / 1e6).toFixed(2)} MB`;

function seriesOf(samples: readonly Sample[], waiters: number): Series[] {
  const of = (what: keyof Sample) => ({ what, values: samples.map((sample) => sample[what]), show: String });
  return [
    { ...of("heap"), what: "heap after collection", share: 0.05, fixed: 1e6, show: megabytes },
    { ...of("resident"), what: "resident memory", share: 0.1, fixed: 20e6, show: megabytes },
    { ...of("timers"), what: "timers", share: 0.1, fixed: waiters / 10 },
    { ...of("sockets"), what: "sockets", share: 0.1, fixed: waiters / 10 },
    { ...of("keys"), what: "keys in Redis", share: 0, fixed: LOCKS },
    { ...of("serverMemory"), what: "memory of Redis", share: 0.1, fixed: 1e6, show: megabytes },
    { ...of("connections"), what: "connections of Redis", share: 0, fixed: PROCESSES },
  ];
}

/** Hundreds of waiters for a while; what grows meanwhile is a leak. @returns whether nothing did. */
export async function soak(seconds: number, waiters: number, seed: number): Promise<boolean> {
  const stage = await openStage();
  const children: ChildProcess[] = [];
  const killAll = () => {
    for (const child of children) child.kill("SIGKILL");
  };
  process.once("exit", killAll);
  try {
    return await soakOn(stage, children, { seconds, waiters, seed });
  } finally {
    process.off("exit", killAll);
    killAll();
    await stage.close();
  }
}

interface Soaking {
  seconds: number;
  waiters: number;
  seed: number;
}

async function soakOn(stage: Stage, children: ChildProcess[], soaking: Soaking): Promise<boolean> {
  const { seconds, waiters, seed } = soaking;
  const random = seededRandom(seed);
  const proxies: TcpProxy[] = [];
  for (let index = 0; index < PROCESSES; index++) {
    const { link, proxy } = await stage.connect(index);
    const part: SoakPart = { link, waiters: Math.ceil(waiters / PROCESSES), locks: LOCKS, seed: seed + index };
    proxies.push(proxy);
    const stdio = ["ignore", "ignore", "inherit", "ipc"] as const;
    children.push(fork(PROGRAM, [JSON.stringify(part)], { execArgv: ["--expose-gc"], stdio: [...stdio] }));
  }

  const began = now();
  const samples: Sample[] = [];
  const broken: string[] = [];
  const line = progress(() => {
    const { served = 0, heap = 0, keys = 0 } = samples.at(-1) ?? {};
    const elapsed = Math.round((now() - began) / 1000);
    return `${elapsed} of ${seconds} s: ${served} served, heap ${megabytes(heap)}, ${keys} keys`;
  });
  line.print(`${waiters} waiters in ${PROCESSES} processes on ${LOCKS} locks for ${seconds} s, seed ${seed}`);
  const every = Math.max(500, (seconds * 1000) / 120);
  for (let next = began + every; now() < began + seconds * 1000; next += every) {
    await mishap(stage, proxies[Math.floor(random() * PROCESSES)] as TcpProxy, random);
    await sleep(Math.max(0, next - now()));
    samples.push(await sampleOf(stage, children, broken));
    // The server's memory of what it was asked is for other tests.
    stage.rest.requests.length = 0;
  }
  const ended = Promise.all(children.map((child) => once(child, "exit")));
  for (const child of children) child.send("finish");
  const limit = setTimeout(() => {
    for (const child of children) child.kill("SIGKILL");
  }, 60_000);
  const codes = (await ended).map(([code]) => code as number | null);
  clearTimeout(limit);
  line.stop();

  const faults = broken.map((text) => `unexpected: ${text}`);
  if (codes.some((code) => code !== 0)) faults.push(`processes ended with ${codes}`);
  const left = await keysLeft(stage);
  if (left.length) faults.push(`left in Redis: ${left}`);
  for (const series of seriesOf(samples, waiters)) {
    const { before, after, grew } = growthOf(series);
    if (grew) faults.push(`${series.what} grew`);
    console.log(
      `${grew ? "FAIL" : "ok  "} ${series.what.padEnd(24)} ${series.show(before)} then ${series.show(after)}`,
    );
  }
  const { served, unserved } = samples.at(-1) as Sample;
  console.log(`${served} served, ${unserved} given up, timed out or not answered; ${samples.length} samples,`);
  console.log("medians of the second and the third part after a warm-up of a quarter");
  for (const fault of faults) console.log(fault);
  console.log(faults.length ? "soak failed" : "soak passed: nothing grew");
  return faults.length === 0;
}
