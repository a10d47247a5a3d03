import { createLocks } from "holdfast";
import { memory } from "holdfast/memory";
import { expect, test, vi } from "vitest";
import { runUnder } from "../../cli/child.ts";
import { processes } from "../../cli/processes.ts";

vi.mock("../../cli/guard.ts", () => ({
  startGuardian() {
    throw new Error("EMFILE");
  },
}));

const children = () => processes().flatMap(({ pid, parent }) => (parent === process.pid ? pid : []));

test("what fails while a command is being started leaves none running without the lock", async () => {
  const locks = createLocks(memory());
  const before = children();
  try {
    const work = {
      command: ["sleep", "2"],
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
    await expect(runUnder(await locks.acquire("it"), work)).rejects.toThrow("EMFILE");
    // Who was started is there as soon as `spawn` has returned.
    expect(children()).toEqual(before);
  } finally {
    await locks.close();
  }
});
