import { expect, test } from "vitest";
import { createLocks } from "../../src/index.ts";
import { read } from "../docs/markdown.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const page = read("docs/edge.md");

/** The requests of a clean-up that is never answered, for a ttl, in two hundred simulations. */
async function unanswered(ttl: string): Promise<number[]> {
  const counts: number[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const clock = virtualClock(seed);
    let sent = 0;
    const fails = async () => {
      sent++;
      throw new Error("HTTP 502");
    };
    const locks = createLocks({ set: fails, eval: fails, deleteIf: fails }, { clock });
    const cleanUps: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => void cleanUps.push(promise);
    await clock.runUntilSettled(locks.acquire("n", { wait: 0, ttl, waitUntil }).catch(() => {}));
    expect([sent >= 1, cleanUps.length]).toEqual([true, 1]);
    await clock.runUntilSettled(Promise.all(cleanUps));
    counts.push(sent - 1);
  }
  return counts;
}

test.each(["30s", "10s", "5s"])("docs/edge.md says what an unanswered clean-up sends with a ttl of %s", async (ttl) => {
  const counts = await unanswered(ttl);
  const mean = Math.round(counts.reduce((sum, each) => sum + each) / counts.length);
  expect(page).toContain(`| \`"${ttl}"\` | ${mean} | ${Math.min(...counts)} to ${Math.max(...counts)} |`);
});
