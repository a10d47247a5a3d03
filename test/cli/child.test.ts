import { createLocks } from "holdfast";
import { memory } from "holdfast/memory";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runUnder, type Work } from "../../cli/child.ts";
import type { Guard } from "../../cli/guard.ts";
import { processes } from "../../cli/processes.ts";

const guardian = vi.hoisted(() => ({ start: (): Guard => ({ tell() {} }) }));
vi.mock("../../cli/guard.ts", () => ({ startGuardian: () => guardian.start() }));

/** Who was started is there as soon as `spawn` has returned. */
const children = () => processes().flatMap(({ pid, parent }) => (parent === process.pid ? pid : []));

const work: Work = {
  command: ["sleep", "0.1"],
  grace: 0,
  ttl: 30_000,
  timeout: 1000,
  leads: true,
  env: process.env,
  interrupted: { ignore() {} },
  onRenewed() {},
  onLost() {},
  onLeftBehind() {},
  onKept() {},
  onGuardianLost() {},
};

let locks = createLocks(memory());
let before: number[] = [];
beforeEach(() => {
  locks = createLocks(memory());
  before = children();
});
afterEach(() => locks.close());

test("what fails while a command is being started leaves none running without the lock", async () => {
  guardian.start = () => {
    throw new Error("EMFILE");
  };
  await expect(runUnder(await locks.acquire("it"), work)).rejects.toThrow("EMFILE");
  expect(children()).toEqual(before);
});

test("the guardian is told what is its own before that is started, and whom when it was", async () => {
  const told: [pid: number | undefined, started: number[]][] = [];
  guardian.start = () => ({
    tell({ command }) {
      if (!command) return;
      told.push([command.pid, children().filter((pid) => !before.includes(pid))]);
      if (command.pid) process.kill(command.pid, "SIGKILL");
    },
  });
  const long = { ...work, command: ["sleep", "60"] };
  expect(await runUnder(await locks.acquire("it"), long)).toMatchObject({ signal: "SIGKILL" });
  const pid = told[1]?.[0];
  expect(told).toEqual([
    [undefined, []],
    [pid, [pid]],
  ]);
});
