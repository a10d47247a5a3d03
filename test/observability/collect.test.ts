import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const child = fileURLToPath(new URL("../support/collect-traced-child.ts", import.meta.url));

test("a lease that is traced and was dropped is collected, renewed no more, and its span ends", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", child], { timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual({ dropped: 0, restored: 0, kept: 30, held: true, ended: 2 });
}, 60_000);
