import type { Place, Report } from "../suite/place.ts";
import { runAll } from "../suite/runner.ts";
import { connectTcp } from "../suite/tcp.ts";

/**
 * In a process of its own, over every transport. The process ends when nothing is left to do: a timer or a socket that
 * the tests forgot keeps it, until whoever started it gives up.
 */
export async function inProcess(version: string): Promise<void> {
  const place: Place = JSON.parse(process.env.HOLDFAST_PLACE ?? "");
  const tcp = await connectTcp(place.redisUrl);
  const results = await runAll(place, { using: () => import(place.using ?? ""), tcp });
  await tcp.close();
  const report: Report = { version, results };
  process.stdout.write(`\n${JSON.stringify(report)}\n`);
}
