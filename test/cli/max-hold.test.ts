import { expect, test } from "vitest";
import {
  expectFree,
  fresh,
  freshFile,
  HERE,
  holderOf,
  linesOf,
  pidsIn,
  runs,
  start,
  stubborn,
  untilGone,
} from "./support.ts";

/** So long that none of these is free by its ttl when it is looked at: two thirds are left when --max-hold is over. */
const HELD = ["--ttl", "6s", "--max-hold", "6s", "--grace", "300ms"];

test.concurrent("--max-hold: who ends at TERM ends with 114, and the lock is given back then", async () => {
  const name = fresh();
  const script = "trap 'exit 0' TERM; while :; do sleep 0.05; done";
  const { code, stderr } = await start(["run", name, ...HERE, ...HELD, "--", "sh", "-c", script]).finished;
  expect(code).toBe(114);
  expect(stderr).toContain(
    `holdfast: the lock ${name} is lost: it was held for as long as --max-hold allows; ` +
      "ending the command within 300 ms, and before the ttl is over\n",
  );
  expect(stderr).not.toContain("could not be given back");
  await expectFree(name);
});

test.concurrent("--max-hold: of who ignores TERM the lock is given back when the last grandchild is gone, not before", async () => {
  const name = fresh();
  const file = freshFile();
  const [node, flag, program] = stubborn(file) as [string, string, string];
  const script = `"$0" ${flag} "$1" "$2" & wait`;
  const running = start(["run", name, ...HERE, ...HELD, "--", "sh", "-c", script, node, program, file]);
  const pids = await pidsIn(`${file}.pid`, 1);
  let ended = false;
  void running.finished.then(() => {
    ended = true;
  });
  while (!ended) {
    // In this order: what is free first and runs afterwards ran without the lock.
    if ((await holderOf(name)) === null) expect(pids.some(runs)).toBe(false);
  }
  expect((await running.finished).code).toBe(114);
  expect(linesOf(`${file}.term`)).toHaveLength(1);
  await untilGone(pids);
  await expectFree(name);
});
