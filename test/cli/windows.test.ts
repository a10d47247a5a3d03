import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMAND, type Finished, fresh, freshFile, HERE, launch } from "./support.ts";

/** Makes Node say that it runs on Windows, before the command is loaded. */
const WINDOWS = 'data:text/javascript,Object.defineProperty(process, "platform", { value: "win32" })';

function onWindows(...words: string[]): Promise<Finished> {
  return launch([process.execPath, "--import", WINDOWS, COMMAND, ...words], {}, "").finished;
}

test.concurrent("on Windows run is refused as wrong use, before anything is sent or started", async () => {
  const file = freshFile();
  // Nobody is there, which would be 3.
  const words = ["run", fresh(), "--redis", "redis://127.0.0.1:1", "--", "touch", file];
  const stderr = "holdfast: run needs process groups and signals, which Windows does not have.\n";
  expect(await onWindows(...words)).toEqual({ code: 2, signal: null, stdout: "", stderr });
  expect(existsSync(file)).toBe(false);
});

test.concurrent("the other subcommands work there", async () => {
  const name = fresh();
  const here = HERE as string[];
  const key = (await onWindows("lock", name, "60s", ...here)).stdout.trim();
  expect((await onWindows("status", name, ...here)).stdout).toContain("held");
  expect((await onWindows("extend", name, key, "120s", ...here)).code).toBe(0);
  expect((await onWindows("unlock", name, key, ...here)).code).toBe(0);
  expect((await onWindows("reset", name, "--yes", ...here)).code).toBe(0);
  expect((await onWindows("doctor", ...here)).code).toBe(0);
});
