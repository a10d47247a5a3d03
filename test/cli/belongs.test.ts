import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { processes } from "../../cli/processes.ts";
import {
  COMMAND,
  fresh,
  freshFile,
  HERE,
  holdfast,
  launch,
  linesOf,
  pidsIn,
  runs,
  start,
  stubborn,
  untilGone,
} from "./support.ts";

const of = (pid: number) => processes().find((one) => one.pid === pid);

test.concurrent("without a terminal the command has a session and a group of its own", async () => {
  const running = start(["run", fresh(), ...HERE, "--", "sh", "-c", "echo $$; read -r _"]);
  await running.says("\n");
  const pid = Number(running.out());
  expect(of(pid)).toMatchObject({ parent: running.pid, group: pid, session: pid });
  running.child.stdin?.end("go on\n");
  expect((await running.finished).code).toBe(0);
});

test.concurrent("with --foreground it stays in its caller's", async () => {
  const running = start(["run", fresh(), ...HERE, "--foreground", "--", "sh", "-c", "echo $$; read -r _"]);
  await running.says("\n");
  const { group, session } = of(running.pid) ?? {};
  expect(of(Number(running.out()))).toMatchObject({ parent: running.pid, group, session });
  running.child.stdin?.end("go on\n");
  expect((await running.finished).code).toBe(0);
});

test.concurrent("the guardian has a session of its own, in either case", async () => {
  for (const mode of [[], ["--foreground"]]) {
    const running = start(["run", fresh(), ...HERE, ...mode, "--", "sh", "-c", "echo $$; read -r _"]);
    await running.says("\n");
    const others = processes().filter(({ pid, parent }) => parent === running.pid && pid !== Number(running.out()));
    expect(others).toHaveLength(1);
    expect(others[0]?.session).toBe(others[0]?.pid);
    running.child.stdin?.end("go on\n");
    await running.finished;
    await untilGone(others.map(({ pid }) => pid));
  }
});

test.concurrent("what has left the session goes on, without the lock", async () => {
  const file = freshFile();
  const script = `setsid "$@" > /dev/null 2>&1 & while [ ! -s ${file}.pid ]; do sleep 0.02; done`;
  const finished = await holdfast(["run", fresh(), ...HERE, "--", "sh", "-c", script, "sh", ...stubborn(file)]);
  // Nobody waited for it, and nothing was ended.
  expect(finished).toMatchObject({ code: 0, stderr: "" });
  const [pid] = (await pidsIn(`${file}.pid`, 1)) as [number];
  expect(runs(pid)).toBe(true);
  process.kill(pid, "SIGKILL");
  expect(linesOf(`${file}.term`)).toEqual([]);
});

test.concurrent("the working directory is the command's own, and there is no shell", async () => {
  const words = ["run", fresh(), ...HERE, "--"];
  const there = `cd ${tmpdir()} && exec "$@"`;
  const pwd = await launch(["sh", "-c", there, "sh", process.execPath, COMMAND, ...words, "pwd", "-P"]).finished;
  expect(pwd).toMatchObject({ code: 0, stdout: `${tmpdir()}\n` });
  expect((await holdfast([...words, "true; true"])).code).toBe(127);
});
