import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";
import { dateClock } from "../../src/testing.ts";
import { blocksOf, read } from "../docs/markdown.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a lease is renewed while time passes, and lost when it no longer can be", async () => {
  const store = memory();
  const lease = await createLocks(store).acquire("invoice:42", { ttl: "30s", renew: true });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lease.held).toBe(true);
  await createLocks(store).forceRelease("invoice:42");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "taken" });
  expect(vi.getTimerCount()).toBe(0);
});

test("a wait ends when its time is over, or when the holder's is", async () => {
  const store = memory();
  const [ours, theirs] = [createLocks(store), createLocks(store)];
  await theirs.acquire("x", { ttl: "5s" });
  const inVain = ours.acquire("x", { wait: "2s" }).catch((error: unknown) => error);
  const inTime = ours.acquire("x", { wait: "10s" });
  await vi.advanceTimersByTimeAsync(2000);
  expect(await inVain).toMatchObject({ code: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(4000);
  expect((await inTime).held).toBe(true);
});

test("time that passes at once, as on a blocked event loop, ends a lease", async () => {
  const lease = await createLocks(memory()).acquire("x", { ttl: "5s", renew: true });
  vi.advanceTimersByTime(60_000);
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "expired" });
});

test("runAllTimersAsync ends, because a renewal does: at maxHold", async () => {
  const lease = await createLocks(memory()).acquire("x", { renew: true });
  await vi.runAllTimersAsync();
  expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "max-hold" });
});

test("where performance is not faked a wait needs dateClock", async () => {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const store = memory();
  await createLocks(store).acquire("x", { ttl: "1h" });
  const outcome = (clock?: ReturnType<typeof dateClock>) => {
    const told = { said: "nothing" };
    createLocks(store, { clock })
      .acquire("x", { wait: "2s" })
      .catch(({ code }) => Object.assign(told, { said: code }));
    return told;
  };
  const [without, withIt] = [outcome(), outcome(dateClock())];
  await vi.advanceTimersByTimeAsync(3000);
  expect([without.said, withIt.said]).toEqual(["nothing", "TIMEOUT"]);
});

test("the sample for vitest is what is tested here, with the version that is installed", () => {
  const page = read("docs/testing.md");
  const sample = blocksOf({ path: "docs/testing.md", text: page }).find(({ code }) => code.includes('from "vitest"'));
  const own = readFileSync(new URL(import.meta.url), "utf8");
  const lines = (sample?.code ?? "").split("\n").filter((line) => /^ {2}(?!vi\.use)/.test(line));
  expect(lines.length).toBeGreaterThan(6);
  for (const line of lines) expect(own).toContain(line.trim());
  expect(page).toContain(`Tested with vitest ${JSON.parse(read("package.json")).devDependencies.vitest}.`);
});
