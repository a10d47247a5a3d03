// A child process of `npm run simulate`: runs its share of the seeds and sends what they gave.
import type { Sum } from "./batch.ts";
import { runSeeds } from "./batch.ts";
import type { Share } from "./pool.ts";
import { seedsOf } from "./pool.ts";

const orphaned = () => process.exit(1);

process.once("disconnect", orphaned);
process.once("message", (share: Share) => {
  run(share).catch((thrown) => {
    console.error((thrown as Error).message);
    process.exit(1);
  });
});

async function run(share: Share): Promise<void> {
  const sent: Promise<unknown>[] = [];
  await runSeeds(seedsOf(share), share, (sum: Sum) => {
    sent.push(new Promise((resolve) => process.send?.(sum, resolve)));
  });
  await Promise.all(sent);
  process.off("disconnect", orphaned);
  process.disconnect();
}
