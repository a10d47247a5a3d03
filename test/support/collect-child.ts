/**
 * Run by test/unit/collect.test.ts with --expose-gc, and once more with every function compiled by the optimizer, which
 * forgets variables that are not read any more. Prints what was renewed.
 */
import { bench } from "./bench.ts";

const { clock, locks, network } = bench({ ttl: "9s" });

/** Leases and weak references live on until the job that touched them has ended. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
}

function renewals(name: string): number {
  return names.filter((renewed) => renewed === name).length;
}

const names: string[] = [];
const send = network.eval;
network.eval = async (script, keys, args) => {
  const before = network.sent("extend");
  const reply = send(script, keys, args);
  if (network.sent("extend") > before) names.push((keys[0] as string).slice("lock:".length));
  return reply;
};

async function dropped(): Promise<void> {
  await locks.acquire("dropped", { renew: true });
}

await dropped();
const kept = await locks.acquire("kept", { renew: true });
let finish = (): void => {};
const running = locks.request("request", async () => {
  await new Promise<void>((resolve) => {
    finish = resolve;
  });
  return "done";
});
await clock.advance(0);
await collect();
for (let third = 0; third < 30; third++) {
  await clock.advance(3000);
  await collect();
}
finish();
const result = await running.catch((error: Error) => error.message);
const report = {
  dropped: renewals("dropped"),
  kept: renewals("kept"),
  request: renewals("request"),
  result,
  held: kept.held,
};
await kept.release();
process.stdout.write(JSON.stringify({ ...report, timers: clock.pending.count }));
