import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inMilliseconds } from "../../cli/ending.ts";
import { freshFile, launch, pidsIn, stubborn, untilGone } from "./support.ts";

const GUARDIAN = fileURLToPath(new URL("../../dist/cli/guardian.js", import.meta.url));

/** A guardian that was told of a command, and not of its process id; and the command, which has the mark. */
async function guarded(ms: number) {
  const token = randomBytes(16).toString("hex");
  const guardian = spawn(process.execPath, [GUARDIAN], { stdio: ["pipe", "ignore", "ignore"] });
  const gone = new Promise((resolve) => guardian.once("exit", resolve));
  const command = { leads: true, mark: `HOLDFAST_TOKEN=${token}`, session: 0, grace: 100, margin: 100 };
  guardian.stdin.write(`${JSON.stringify({ command, deadline: inMilliseconds(ms) })}\n`);
  const file = freshFile();
  const { finished } = launch(stubborn(file), { HOLDFAST_TOKEN: token });
  const pids = await pidsIn(`${file}.pid`, 1);
  return { guardian, gone, finished, pids };
}

test.concurrent("a run that is killed before it could tell whom it has started: that is ended all the same", async () => {
  const { guardian, gone, finished, pids } = await guarded(600_000);
  guardian.stdin.end();
  expect((await finished).signal).toBe("SIGKILL");
  await untilGone(pids);
  await gone;
});

test.concurrent("so it is at the deadline of one that was stopped", async () => {
  const { gone, finished, guardian } = await guarded(1000);
  expect((await finished).signal).toBe("SIGKILL");
  await gone;
  guardian.stdin.destroy();
});

test.concurrent("where nothing was started there is nothing to end, and the guardian goes", async () => {
  const guardian = spawn(process.execPath, [GUARDIAN], { stdio: ["pipe", "ignore", "ignore"] });
  const gone = new Promise((resolve) => guardian.once("exit", resolve));
  const mark = `HOLDFAST_TOKEN=${randomBytes(16).toString("hex")}`;
  const command = { leads: true, mark, session: 0, grace: 100, margin: 100 };
  guardian.stdin.end(`${JSON.stringify({ command, deadline: inMilliseconds(600_000) })}\n`);
  expect(await gone).toBe(0);
});
