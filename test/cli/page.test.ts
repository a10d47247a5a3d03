/** What docs/cli.md says of the command, beyond what the other files here show. */
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, inject, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { serversOf } from "../../cli/servers.ts";
import { ALL, ENDING } from "../../cli/signals.ts";
import { createLocks } from "../../src/index.ts";
import { read, root, tableUnder } from "../docs/markdown.ts";
import { until } from "../support/redis-process.ts";
import { expectFree, fresh, freshFile, HERE, holderOf, holdfast, linesOf, PREFIX, shared, start } from "./support.ts";

const page = read("docs/cli.md");
const short = (signals: readonly string[]) => signals.map((signal) => signal.slice(3));
const events = (stderr: string) =>
  stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test.concurrent("a lock of run and one of locks.request of the same name exclude each other", async () => {
  const redis = new Redis(inject("redisUrl"));
  const locks = createLocks(ioredis(redis), { prefix: PREFIX });
  try {
    const name = fresh();
    const words = ["run", name, ...HERE, "--wait", "0", "--", "sh", "-c", "echo up; read line"];
    await locks.request(name, async () => expect(await holdfast(words)).toMatchObject({ code: 1, stdout: "" }));
    const running = start(words);
    await running.says("up");
    expect(await locks.tryAcquire(name)).toBeNull();
    running.child.stdin?.end("\n");
    expect(await running.finished).toMatchObject({ code: 0 });
    expect(await locks.request(name, () => "free")).toBe("free");
  } finally {
    redis.disconnect();
  }
});

test.concurrent("the label of run is host and process id, unless it is given", async () => {
  const label = async (...more: string[]) => {
    const name = fresh();
    const running = start(["run", name, ...HERE, ...more, "--", "sh", "-c", "echo up; read line"]);
    await running.says("up");
    const { stdout } = await holdfast(["status", name, ...HERE, "--json"]);
    running.child.stdin?.end("\n");
    await running.finished;
    return [JSON.parse(stdout).locks[0].holders[0].owner, running.pid];
  };
  const [own, pid] = await label();
  expect(own).toBe(`${hostname()}:${pid}`);
  expect(await label("--owner", "nightly import")).toContain("nightly import");
});

test.concurrent("run --json tells of waiting, and of being interrupted", async () => {
  const name = fresh();
  await shared().send("SET", PREFIX + name, "somebody else's", "PX", "60000");
  const running = start(["run", name, ...HERE, "--json", "--wait", "forever", "--", "true"]);
  await running.says("waiting");
  process.kill(running.pid, "SIGTERM");
  const { stderr, stdout } = await running.finished;
  expect(stdout).toBe("");
  expect(events(stderr)).toEqual([
    { event: "waiting", name },
    { event: "interrupted", name, signal: "SIGTERM" },
  ]);
  const refused = await holdfast(["run", name, ...HERE, "--json", "--wait", "0", "--", "true"]);
  expect(events(refused.stderr)[0]).toEqual({ event: "held", name });
  await shared().send("DEL", PREFIX + name);
});

test.concurrent.for(ENDING)("%s ends a wait", async (signal) => {
  const name = fresh();
  await shared().send("SET", PREFIX + name, "somebody else's", "PX", "60000");
  const running = start(["run", name, ...HERE, "--wait", "forever", "--", "true"]);
  await running.says("waiting");
  process.kill(running.pid, signal);
  const { code, signal: by } = await running.finished;
  expect(by ?? code).not.toBe(0);
  expect(await holderOf(name)).toBe("somebody else's");
  await shared().send("DEL", PREFIX + name);
});

test("the page names the signals that are passed on, and those that end a wait", () => {
  const [, passed = ""] = /These signals are passed on [^:]*: ([^;]*);/.exec(page) ?? [];
  expect(passed.split(", ").sort()).toEqual(short(ALL).sort());
  const lists = [...page.matchAll(/HUP, INT, [\w, ]+ and TERM/g)].map(([list]) => list.split(/, | and /).sort());
  expect(lists).toEqual([short(ENDING).sort(), short(ENDING).sort()]);
  expect(page).toContain("is HUP, INT, QUIT, USR1, USR2, ALRM, TERM, or that nobody reads it any more");
});

test.concurrent("PIPE and CHLD are not passed on, and end nothing", async () => {
  const file = freshFile();
  const script = `trap "echo PIPE >> ${file}" PIPE; trap "echo USR1 >> ${file}" USR1; echo up; while :; do sleep 0.05; done`;
  const running = start(["run", fresh(), ...HERE, "--", "sh", "-c", script]);
  await running.says("up");
  for (const signal of ["SIGPIPE", "SIGCHLD", "SIGUSR1"] as const) process.kill(running.pid, signal);
  await until(async () => linesOf(file).includes("USR1"), "USR1 did not arrive");
  process.kill(running.pid, "SIGTERM");
  expect(await running.finished).toMatchObject({ signal: "SIGTERM" });
  expect(linesOf(file)).toEqual(["USR1"]);
});

test.concurrent("--min-hold keeps the name of a COMMAND that crashes", async () => {
  const name = fresh();
  const crash = ["run", name, ...HERE, "--min-hold", "1h", "--", "sh", "-c", "kill -KILL $$"];
  expect(await holdfast(crash)).toMatchObject({ signal: "SIGKILL" });
  const { stdout } = await holdfast(["status", name, ...HERE, "--json"]);
  expect(JSON.parse(stdout).locks[0]).toMatchObject({ held: false, kept: true });
  expect(Number(await shared().send("PTTL", PREFIX + name))).toBeGreaterThan(3_000_000);
  await shared().send("DEL", PREFIX + name);
});

test.concurrent("a COMMAND that a real-time signal has ended looks as if it had ended with 0", async () => {
  expect(await holdfast(["run", fresh(), ...HERE, "--", "sh", "-c", "kill -35 $$"])).toMatchObject({ code: 0 });
});

test.concurrent("a lock without an end has remaining: null", async () => {
  const name = fresh();
  await shared().send("SET", PREFIX + name, "somebody else's");
  const { stdout } = await holdfast(["status", name, ...HERE, "--json"]);
  expect(JSON.parse(stdout).locks[0]).toMatchObject({ held: true, remaining: null });
  await shared().send("DEL", PREFIX + name);
});

test.concurrent("a bug in holdfast ends with 70, and leaves no lock behind", async () => {
  const name = fresh();
  const broken = "Date.prototype.toISOString = () => { throw new TypeError('broken') }";
  const bug = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(broken)}` };
  const { code, stderr } = await holdfast(["lock", name, ...HERE], bug);
  expect(code).toBe(70);
  expect(stderr).toContain("broken");
  await expectFree(name);
});

test("the server is the one that is given, or of the environment, in this order", () => {
  const rest = { UPSTASH_REDIS_REST_URL: "https://eu1.upstash.io", UPSTASH_REDIS_REST_TOKEN: "secret" };
  const all = { REDIS_URL: "redis://b rediss://c", ...rest };
  const labels = (given: string[], env: NodeJS.ProcessEnv) => serversOf(given, env).map(({ label }) => label);
  expect(labels(["redis://a"], all)).toEqual(["redis://a"]);
  expect(labels([], all)).toEqual(["redis://b", "rediss://c"]);
  expect(serversOf([], rest)).toMatchObject([{ label: "https://eu1.upstash.io", token: "secret" }]);
  expect(labels([], {})).toEqual(["redis://127.0.0.1:6379"]);
});

test("the page has every check of the doctor", () => {
  const sources = readdirSync(join(root, "cli")).map((file) => readFileSync(join(root, "cli", file), "utf8"));
  const checks = sources
    .join("\n")
    .matchAll(/\bcheck(?:: |\()"([\w ]+)"|refused\("([\w ]+)"|const check = "([\w ]+)"/g);
  const made = new Set([...checks].map(([, ...names]) => names.find(Boolean)));
  const told = tableUnder(page, "doctor").flatMap(([names = ""]) => names.split(", "));
  expect([...made].sort()).toEqual(told.sort());
});
