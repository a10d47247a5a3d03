import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { type Silent, startSilent } from "./silent-server.ts";
import { expectFree, fresh, holdfast, PREFIX, type Running, start, untilGone } from "./support.ts";

let one: Silent;
let two: Silent;
beforeAll(async () => {
  [one, two] = await Promise.all([startSilent(), startSilent()]);
});
afterAll(() => {
  for (const server of [one, two]) server.close();
});

/** Well above what a process takes to start, and below the default of --timeout, and of --wait. */
const SOON = 4500;

test.concurrent("a Redis that accepts and does not answer is 3, within --timeout", async () => {
  const silent = ["--redis", one.url, "--timeout", "500ms"];
  const commands = [
    ["run", "it", ...silent, "--wait", "1s", "--", "true"],
    ["lock", "it", ...silent],
    ["unlock", "it", "tAAAAAAAAAAAAAAAAAAAAAA", ...silent],
    ["status", ...silent],
    ["reset", "it", ...silent],
  ];
  for (const words of commands) {
    const began = performance.now();
    const { code, stdout, stderr } = await holdfast(words);
    expect({ words, code, stdout }).toEqual({ words, code: 3, stdout: "" });
    expect(stderr).toContain(`${one.url} (from --redis) cannot be reached: no answer within 500 ms.`);
    expect(performance.now() - began).toBeLessThan(SOON);
  }
  const distinct = await holdfast(["run", "it", ...silent, "--distinct-codes", "--", "true"]);
  expect(distinct.code).toBe(113);
  const { code, stdout } = await holdfast(["doctor", ...silent, "--json"]);
  expect(code).toBe(3);
  expect(JSON.parse(stdout).servers[0]).toMatchObject({
    reachable: false,
    findings: [{ check: "reachable", status: "fail", found: "no answer within 500 ms" }],
  });
});

test.concurrent("so is one that is stopped", async () => {
  const redis = await startRedis();
  try {
    await redis.kill("SIGSTOP");
    expect((await holdfast(["lock", "it", "--redis", redis.url, "--timeout", "500ms"])).code).toBe(3);
  } finally {
    await redis.stop();
  }
});

test.concurrent("a quorum does without one that is silent, and not without two of three", async () => {
  const others = await Promise.all([startRedis(), startRedis()]);
  try {
    const [first, second] = others.map(({ url }) => ["--redis", url]) as [string[], string[]];
    const both = [...first, ...second, "--redis", one.url, "--timeout", "1s", "--prefix", PREFIX];
    // A server that has only just started may have forgotten a lock; so it is waited for.
    const ran = await holdfast(["run", fresh(), ...both, "--ttl", "2s", "--wait", "30s", "--", "sh", "-c", "exit 5"]);
    expect(ran).toMatchObject({ code: 5 });
    const doctor = await holdfast(["doctor", ...both, "--json"]);
    expect(doctor.code).toBe(0);
    const { servers, together } = JSON.parse(doctor.stdout);
    expect(servers[2]).toMatchObject({ reachable: false, findings: [{ check: "reachable", status: "fail" }] });
    expect(together).toContainEqual(expect.objectContaining({ check: "majority", status: "warn" }));

    const alone = [...first, "--redis", one.url, "--redis", two.url, "--timeout", "500ms"];
    expect((await holdfast(["run", "it", ...alone, "--", "true"])).code).toBe(3);
    expect((await holdfast(["doctor", ...alone])).code).toBe(3);
  } finally {
    await Promise.all(others.map((server) => server.stop()));
  }
});

test.concurrent("who meets silence when reconnecting tries again, and keeps the lock", async () => {
  const server = await startSilent({ leads: (nth) => nth !== 2 });
  try {
    const name = fresh();
    const words = ["--timeout", "500ms", "--ttl", "30s", "--", "sh", "-c", "echo up; read -r _; exit 5"];
    const running = start(["run", name, "--redis", server.url, "--prefix", PREFIX, ...words]);
    await running.says("up");
    server.cut();
    await until(async () => server.accepted() === 3, "it did not try again");
    running.child.stdin?.end("go on\n");
    expect(await running.finished).toMatchObject({ code: 5, stderr: "" });
    await expectFree(name);
  } finally {
    server.close();
  }
});

/** Runs a command on a server that stops before the command ends, and says what the command's process id is. */
async function stoppedAtTheEnd(options: string[], use: (running: Running, pid: number) => Promise<void>) {
  const redis = await startRedis();
  try {
    const words = [...options, "--", "sh", "-c", "echo $$; read -r _; exit 5"];
    const running = start(["run", "it", "--redis", redis.url, "--ttl", "60s", ...words]);
    await running.says("\n");
    await redis.kill("SIGSTOP");
    running.child.stdin?.end("go on\n");
    await use(running, Number(running.out()));
  } finally {
    await redis.stop();
  }
}

test.concurrent("a lock that cannot be given back is left to its ttl after --timeout, and the user is told", async () => {
  await stoppedAtTheEnd(["--timeout", "500ms"], async ({ finished }) => {
    const began = performance.now();
    const { code, stderr } = await finished;
    expect(code).toBe(5);
    expect(stderr).toMatch(/^holdfast: it could not be given back .*free when its ttl is over\n$/);
    expect(performance.now() - began).toBeLessThan(SOON);
  });
});

test.concurrent("a signal ends the giving back, and the code is the command's", async () => {
  await stoppedAtTheEnd(["--timeout", "50s", "--quiet"], async ({ pid, finished }, command) => {
    const began = performance.now();
    await untilGone([command]);
    // That it has ended, holdfast may not know yet. And on its way out a further signal would end it.
    const timer = setInterval(() => process.kill(pid, "SIGINT"), 4000);
    const { code, stderr } = await finished.finally(() => clearInterval(timer));
    expect({ code, stderr }).toEqual({ code: 5, stderr: "" });
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
