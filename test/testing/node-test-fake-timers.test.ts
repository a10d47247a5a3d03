import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { nodes } from "../package/support/nodes.ts";

const program = fileURLToPath(new URL("with-node-test.ts", import.meta.url));

// Older ones do not run TypeScript as it is.
test.each(nodes.filter(({ major }) => Number(major) >= 24))(
  "under node:test's fake timers, in Node $version",
  async ({ file }) => {
    const { stdout } = await promisify(execFile)(file, ["--test-reporter=tap", program], { timeout: 60_000 });
    expect(stdout).toMatch(/^# pass 4$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
  },
);
