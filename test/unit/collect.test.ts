import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const child = fileURLToPath(new URL("../support/collect-child.ts", import.meta.url));

test.each([
  ["as Node runs it", []],
  ["with every function optimized", ["--always-turbofan"]],
])(
  "a lease that was dropped stops renewing once collected; one in use does not (%s)",
  async (_, flags) => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", ...flags, child]);
    expect(JSON.parse(stdout)).toEqual({ dropped: 0, kept: 30, request: 30, result: "done", held: true, timers: 0 });
  },
  60_000,
);
