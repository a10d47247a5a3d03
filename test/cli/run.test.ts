import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { expectFree, fresh, freshFile, HERE, holderOf, holdfast, PREFIX, shared, start } from "./support.ts";

test.concurrent("the command knows what it holds, and holds it: name, token, fence and deadline", async () => {
  const name = fresh();
  const began = Date.now();
  const script = 'echo "$HOLDFAST_NAME|$HOLDFAST_TOKEN|$HOLDFAST_FENCE|$HOLDFAST_EXPIRES_AT"; read -r _';
  const running = start(["run", name, ...HERE, "--ttl", "20s", "--owner", "the tests", "--", "sh", "-c", script]);
  await running.says("|1");
  const [given, token, fence, expiresAt] = running.out().trim().split("|");
  expect(given).toBe(name);
  expect(await holderOf(name)).toBe(token);
  expect(token).toMatch(/^t[\w-]{22} the tests$/);
  expect(Number(fence)).toBeGreaterThan(1e15);
  expect(Number(expiresAt)).toBeGreaterThan(began + 15_000);
  expect(Number(expiresAt)).toBeLessThan(Date.now() + 20_000);
  running.child.stdin?.end("go on\n");
  expect(await running.finished).toMatchObject({ code: 0, signal: null, stderr: "" });
  await expectFree(name);
});

test.concurrent("without a fence there is no HOLDFAST_FENCE", async () => {
  const script = 'test -z "$HOLDFAST_FENCE" && echo none';
  const { stdout } = await holdfast(["run", fresh(), ...HERE, "--no-fence", "--", "sh", "-c", script], {
    HOLDFAST_FENCE: "7",
  });
  expect(stdout).toBe("none\n");
});

test.concurrent("input, output, arguments and exit code are the command's own", async () => {
  const words = ["sh", "-c", 'cat; echo "$1" >&2; exit 7', "sh", "--json -- x"];
  const finished = await holdfast(["run", fresh(), ...HERE, "--", ...words], {}, "typed\n");
  expect(finished).toEqual({ code: 7, signal: null, stdout: "typed\n", stderr: "--json -- x\n" });
});

test.concurrent.for(["SIGTERM", "SIGKILL", "SIGHUP", "SIGUSR1"] as const)(
  "a command that %s ended is seen to have ended by it",
  async (signal) => {
    const name = fresh();
    const finished = await holdfast(["run", name, ...HERE, "--", "sh", "-c", `kill -${signal.slice(3)} $$`]);
    expect(finished).toMatchObject({ code: null, signal });
    await expectFree(name);
  },
);

test.concurrent.for([
  ["SEGV", 139],
  ["PIPE", 141],
] as const)(
  "of a signal that would dump core, or that Node ignores, the code tells as shells do it: %s",
  async ([signal, code]) => {
    const words = ["run", fresh(), ...HERE, "--", "sh", "-c", `kill -${signal} $$`];
    expect(await holdfast(words)).toMatchObject({ code, signal: null });
  },
);

test.concurrent("a lock is renewed for as long as the command runs", async () => {
  const name = fresh();
  const words = ["--ttl", "3s", "--grace", "100ms", "--", "sh", "-c", "echo up; read -r _"];
  const running = start(["run", name, ...HERE, ...words]);
  await running.says("up");
  const token = await holderOf(name);
  expect(token).not.toBeNull();
  await sleep(4000);
  expect(await holderOf(name)).toBe(token);
  running.child.stdin?.end("go on\n");
  expect(await running.finished).toMatchObject({ code: 0, stderr: "" });
  await expectFree(name);
});

test.concurrent("of two at once the second waits for the first", async () => {
  const name = fresh();
  const file = freshFile();
  const script = `echo "begin $HOLDFAST_FENCE" >> ${file}; sleep 0.7; echo end >> ${file}`;
  const words = ["run", name, ...HERE, "--wait", "20s", "--", "sh", "-c", script];
  const ended = await Promise.all([holdfast(words), holdfast(words)]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  expect(ended.map(({ stderr }) => stderr).join("")).toContain(`holdfast: ${name} is held by another; waiting`);
  const [first, end, second, last] = readFileSync(file, "utf8").trim().split("\n");
  expect([end, last]).toEqual(["end", "end"]);
  expect(Number(second?.slice(6))).toBeGreaterThan(Number(first?.slice(6)));
});

test.concurrent("or does not wait, and ends with 1, or 111, and says who holds it", async () => {
  const name = fresh();
  const running = start(["run", name, ...HERE, "--owner", "the first", "--", "sh", "-c", "echo held; read -r _"]);
  await running.says("held");
  const words = ["run", name, ...HERE, "--wait", "0"];
  const sentinel = freshFile();
  const [people, quiet, programs, distinct] = await Promise.all([
    holdfast([...words, "--", "touch", sentinel]),
    holdfast([...words, "--quiet", "--", "touch", sentinel]),
    holdfast([...words, "--json", "--", "touch", sentinel]),
    holdfast([...words, "--distinct-codes", "--", "touch", sentinel]),
  ]);
  expect(people).toMatchObject({ code: 1, stdout: "" });
  expect(people.stderr).toContain(`"${name}" was held by "the first"`);
  expect(people.stderr).not.toContain("waiting");
  expect(quiet).toEqual({ code: 1, signal: null, stdout: "", stderr: "" });
  const [held, error] = programs.stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(held).toEqual({ event: "held", name });
  expect(error).toMatchObject({ event: "error", code: 1 });
  expect(distinct.code).toBe(111);
  running.child.stdin?.end("go on\n");
  expect(await running.finished).toMatchObject({ code: 0 });
  expect(existsSync(sentinel)).toBe(false);
});

test.concurrent("a command's own 1, 2 and 3 stay what they are", async () => {
  for (const code of [1, 3]) {
    const words = ["run", fresh(), ...HERE, "--distinct-codes", "--", "sh", "-c", `exit ${code}`];
    expect((await holdfast(words)).code).toBe(code);
  }
});

test.concurrent("for programs there are objects on stderr, without a token", async () => {
  const name = fresh();
  const { stderr } = await holdfast(["run", name, ...HERE, "--json", "--", "sh", "-c", "exit 4"]);
  const [acquired, ended] = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(acquired).toEqual({ event: "acquired", name, fence: expect.any(Number), expiresAt: expect.any(Number) });
  expect(ended).toEqual({ event: "ended", name, code: 4, signal: null, lost: null });
});

test.concurrent("a command that is not there ends with 127, one that is no program with 126, and neither keeps the lock", async () => {
  const name = fresh();
  const file = freshFile();
  writeFileSync(file, "no program");
  chmodSync(file, 0o644);
  const missing = await holdfast(["run", name, ...HERE, "--", "no-such-command-anywhere"]);
  expect(missing).toMatchObject({
    code: 127,
    stderr: "holdfast: no-such-command-anywhere: there is no such command\n",
  });
  expect((await holdfast(["run", name, ...HERE, "--", file])).code).toBe(126);
  await expectFree(name);
});

test.concurrent("with --min-hold the name stays locked after a command that was quick", async () => {
  const name = fresh();
  expect((await holdfast(["run", name, ...HERE, "--min-hold", "60s", "--", "true"])).code).toBe(0);
  expect(await holderOf(name)).toMatch(/^\.t/);
  expect((await holdfast(["run", name, ...HERE, "--wait", "0", "--", "true"])).code).toBe(1);
  await shared().send("DEL", PREFIX + name);
});

test.concurrent("what the command has left behind in its group ends before the lock is given back", async () => {
  const name = fresh();
  const file = freshFile();
  const script = `(trap 'echo ended >> ${file}; exit' TERM; echo there >> ${file}; while :; do sleep 0.05; done) & while [ ! -s ${file} ]; do sleep 0.02; done`;
  const finished = await holdfast(["run", name, ...HERE, "--", "sh", "-c", script]);
  expect(finished).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("holdfast: ending what the command has left behind, within 5.0 s\n"),
  });
  expect(readFileSync(file, "utf8")).toBe("there\nended\n");
});
