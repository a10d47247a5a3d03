import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { shareRedis } from "../support/redis-server.ts";
import { removeKeys } from "../support/remove-keys.ts";
import { type Station, startStation } from "../support/rest-station.ts";
import type { Runtime } from "./list.ts";
import type { Place, Report } from "./suite/place.ts";

const here = dirname(fileURLToPath(import.meta.url));
/** After this a runtime is stopped. It is also how long a timer or socket that was forgotten is waited for. */
const LIMIT = 180_000;

/** Runs the suite in one runtime: in a process of its own, on a Redis and REST servers of its own. */
export async function launch(runtime: Runtime, project: string): Promise<Report> {
  const redis = await shareRedis();
  const prefix = `holdfast-matrix-${process.pid}-${Math.random().toString(36).slice(2)}:`;
  const stations: Station[] = [];
  try {
    const lanes = Array.from({ length: runtime.lanes ?? 4 }, () => startStation(redis.url));
    stations.push(...(await Promise.all(lanes)));
    const place: Place = {
      redisUrl: redis.url,
      prefix,
      stations: stations.map(({ url, token, control }) => ({ url, token, control })),
      width: runtime.width ?? 14,
      line: runtime.line ?? false,
      lacks: runtime.lacks,
      using: pathToFileURL(join(project, "using.mjs")).href,
    };
    return await runProcess(runtime, project, place);
  } finally {
    await Promise.all(stations.map((station) => station.close()));
    if (!redis.ours) await removeKeys(redis.url, `*${prefix}*`);
    await redis.stop();
  }
}

async function runProcess(runtime: Runtime, project: string, place: Place): Promise<Report> {
  const file = "own" in runtime.file ? join(here, runtime.file.own) : join(project, runtime.file.compiled);
  const child = spawn(runtime.program, [file, ...(runtime.arguments ?? [])], {
    cwd: project,
    env: { ...process.env, HOLDFAST_PLACE: JSON.stringify(place), HOLDFAST_PROJECT: project },
    stdio: ["ignore", "pipe", "pipe"],
    // So that what it has started can be ended with it.
    detached: true,
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    errors += chunk;
  });
  const stop = () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {}
  };
  process.once("exit", stop);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    stop();
  }, LIMIT);
  const [code, signal] = await once(child, "close");
  clearTimeout(limit);
  process.off("exit", stop);

  const report = output.trimEnd().split("\n").at(-1) ?? "";
  const said = `${output.replace(report, "")}\n${errors}`.trim().slice(-4000);
  if (late) {
    const what = report.startsWith("{")
      ? "its tests were over, but something was left open"
      : "its tests were not over";
    throw new Error(`stopped after ${LIMIT / 1000} s: ${what}\n${said}`);
  }
  if (code !== 0 || !report.startsWith("{")) throw new Error(`ended with ${code ?? signal}\n${said}`);
  return JSON.parse(report);
}
