import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const OPTIONS =
  "--noEmit --strict --exactOptionalPropertyTypes --target es2022 --module esnext --moduleResolution bundler " +
  "--lib es2022,dom,dom.iterable,esnext.disposable --allowImportingTsExtensions --types node --skipLibCheck --ignoreConfig";

test("every option can be passed on from a variable that may be undefined", async () => {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const run = promisify(execFile)(process.execPath, [tsc, ...OPTIONS.split(" "), "test/types/options.ts"], {
    cwd: root,
  });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  // What users see are declarations; how the sources themselves fare under the flag is our own business.
  expect(stdout.split("\n").filter((line) => line.startsWith("test/"))).toEqual([]);
}, 60_000);
