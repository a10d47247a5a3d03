import { expect, test } from "vitest";
import { processes } from "../../cli/processes.ts";
import { until } from "../support/redis-process.ts";
import {
  COMMAND,
  fresh,
  freshFile,
  HERE,
  holderOf,
  launch,
  linesOf,
  PREFIX,
  pidsIn,
  type Running,
  runs,
  shared,
  stubborn,
  untilGone,
} from "./support.ts";

interface Held {
  running: Running;
  name: string;
  file: string;
  command: number;
  guardian: number;
}

/** A command under a lock whose ttl is not over before the test is; and frees that when the test is over. */
async function held(use: (held: Held) => Promise<void>): Promise<void> {
  const name = fresh();
  const file = freshFile();
  const words = ["run", name, ...HERE, "--ttl", "10m", "--grace", "300ms", "--", ...stubborn(file)];
  const running = launch(["sh", "-c", 'ulimit -c 0; exec "$@"', "sh", process.execPath, COMMAND, ...words]);
  const [command] = (await pidsIn(`${file}.pid`, 1)) as [number];
  const guardian = processes().find(({ pid, parent }) => parent === running.pid && pid !== command)?.pid as number;
  await use({ running, name, file, command, guardian });
  await shared().send("DEL", PREFIX + name);
}

test.concurrent.for(["SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGPROF", "SIGKILL"] as const)(
  "%s ends holdfast, and the guardian the command: at once, with TERM, the grace and KILL; the lock is left",
  async (signal) => {
    await held(async ({ running, name, file, command }) => {
      process.kill(running.pid, signal);
      expect((await running.finished).signal).toBe(signal);
      await untilGone([command]);
      expect(linesOf(`${file}.term`)).toHaveLength(1);
      expect(await holderOf(name)).toMatch(/^t/);
    });
  },
);

test.concurrent("when the guardian is killed the user is told, and the command goes on", async () => {
  await held(async ({ running, command, guardian }) => {
    process.kill(guardian, "SIGKILL");
    await running.says("holdfast: the guardian has ended: if this process is killed, the command will go on\n");
    expect(runs(command)).toBe(true);
    process.kill(running.pid, "SIGTERM");
    process.kill(command, "SIGKILL");
    expect((await running.finished).signal).toBe("SIGKILL");
  });
});

test.concurrent("nobody ends the command when both are killed", async () => {
  await held(async ({ running, file, command, guardian }) => {
    process.kill(guardian, "SIGKILL");
    await running.says("the guardian has ended");
    process.kill(running.pid, "SIGKILL");
    const before = linesOf(file).length;
    await until(async () => linesOf(file).length > before + 50, "it did not go on");
    expect(linesOf(`${file}.term`)).toEqual([]);
    process.kill(command, "SIGKILL");
    await running.finished;
  });
});
