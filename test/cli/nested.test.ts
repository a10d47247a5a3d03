import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import {
  COMMAND,
  expectFree,
  fresh,
  freshFile,
  HERE,
  holderOf,
  linesOf,
  PREFIX,
  pidsIn,
  type Running,
  runs,
  shared,
  start,
  stubborn,
  untilGone,
} from "./support.ts";

/** One run inside of another. */
function nested(outer: string[], inner: string[], command: string[]): { a: string; b: string; running: Running } {
  const [a, b] = [fresh("a"), fresh("b")];
  const within = [process.execPath, COMMAND, "run", b, ...HERE, ...inner, "--", ...command];
  return { a, b, running: start(["run", a, ...HERE, "--grace", "300ms", ...outer, "--", ...within]) };
}

test.concurrent("TERM is passed on: who heeds it ends, and what is inside gives its lock back", async () => {
  const script = "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done";
  const { a, b, running } = nested(["--ttl", "4s", "--grace", "2s"], [], ["sh", "-c", script]);
  await running.says("up");
  await shared().send("DEL", PREFIX + a);
  expect((await running.finished).code).toBe(114);
  await expectFree(b);
});

for (const [grace, terms] of [
  // By the inner one, and by its guardian.
  ["500ms", 2],
  ["0", 1],
] as const) {
  test.concurrent(`who ignores it is ended by the inner guardian, after an inner grace of ${grace}`, async () => {
    const file = freshFile();
    const { a, b, running } = nested(["--ttl", "4s"], ["--grace", grace], stubborn(file));
    const pids = await pidsIn(`${file}.pid`, 1);
    await shared().send("DEL", PREFIX + a);
    expect((await running.finished).code).toBe(114);
    await untilGone(pids);
    expect(linesOf(`${file}.term`)).toHaveLength(terms);
    // Its holder was killed.
    expect(await holderOf(b)).toMatch(/^t/);
    await shared().send("DEL", PREFIX + b);
  });
}

test.concurrent("with --foreground inside, the outer one ends all of it", async () => {
  const file = freshFile();
  const { a, b, running } = nested(["--ttl", "4s"], ["--foreground"], stubborn(file));
  const pids = await pidsIn(`${file}.pid`, 1);
  await shared().send("DEL", PREFIX + a);
  expect((await running.finished).code).toBe(114);
  expect(pids.some(runs)).toBe(false);
  await shared().send("DEL", PREFIX + b);
});

test.concurrent("the outer lock is left to its ttl when the inner one was killed: its command may be there yet", async () => {
  const file = freshFile();
  const held = ["--ttl", "7s", "--max-hold", "7s"];
  const { a, b, running } = nested(held, ["--grace", "1s"], stubborn(file));
  const pids = await pidsIn(`${file}.pid`, 1);
  expect((await running.finished).code).toBe(114);
  expect(await holderOf(a)).toMatch(/^t/);
  await untilGone(pids);
  await until(async () => (await holderOf(a)) === null, "the ttl did not free it");
  await shared().send("DEL", PREFIX + b);
});
