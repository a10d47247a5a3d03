import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocks } from "holdfast";
import { memory } from "holdfast/memory";
import { expect, test, vi } from "vitest";
import { runUnder } from "../../cli/child.ts";

vi.mock("../../cli/guard.ts", () => ({
  startGuardian() {
    throw new Error("EMFILE");
  },
}));

test("what fails while a command is being started leaves none running without the lock", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-child-"));
  const file = join(folder, "started");
  const locks = createLocks(memory());
  try {
    const work = {
      command: ["sh", "-c", `echo > ${file}; exec sleep 2`],
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
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(existsSync(file)).toBe(false);
  } finally {
    await locks.close();
    rmSync(folder, { recursive: true });
  }
});
