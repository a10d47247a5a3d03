/** Run by test/observability/collect.test.ts with --expose-gc. Prints how often what was dropped, and kept, was renewed. */
import { useContext, watched } from "../observability/sdk.ts";

useContext();
const { traced, clock, network, spans, end } = watched({ ttl: "9s" });

/** Leases and weak references live on until the job that touched them has ended. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
}

const tokens = new Map<string, number>();
network.treat = ({ command, token }) => {
  if (command === "extend") tokens.set(token, (tokens.get(token) ?? 0) + 1);
  return undefined;
};

async function dropped(): Promise<string> {
  return (await traced.acquire("dropped", { renew: true })).token;
}

async function restored(): Promise<string> {
  const lease = traced.restore((await traced.acquire("restored")).handOver(), { renew: true });
  await lease.verify();
  return lease.token;
}

const [first, second] = [await dropped(), await restored()];
tokens.clear();
const kept = await traced.acquire("kept", { renew: true });
await clock.advance(0);
await collect();
for (let third = 0; third < 30; third++) {
  await clock.advance(3000);
  await collect();
}
const report = {
  dropped: tokens.get(first) ?? 0,
  restored: tokens.get(second) ?? 0,
  kept: tokens.get(kept.token),
  held: kept.held,
  ended: spans().filter(({ name, attributes }) => name === "holdfast.hold" && attributes["holdfast.outcome"] === "lost")
    .length,
};
await kept.release();
await end();
process.stdout.write(JSON.stringify(report));
