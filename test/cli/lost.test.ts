import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import {
  expectFree,
  fresh,
  freshFile,
  HERE,
  holderOf,
  linesOf,
  PREFIX,
  pidsIn,
  shared,
  start,
  stubborn,
  untilGone,
} from "./support.ts";

/** A shell that starts two programs which do not care for TERM, and does not care for it either. */
function family(file: string): string[] {
  const one = stubborn(file).slice(0, 2).concat('"$0"', '"$1"').join(" ");
  return ["sh", "-c", `trap "" TERM; ${one} & ${one} & wait; wait`, stubborn(file)[2] as string, file];
}

test.concurrent("a lock deleted by hand: the command and what it started hear TERM, and the code is 114", async () => {
  const name = fresh();
  const file = freshFile();
  const script = `trap 'echo outer >> ${file}; exit 0' TERM; sh -c 'trap "echo inner >> ${file}; exit" TERM; echo up; while :; do sleep 0.05; done' & wait; wait`;
  const running = start(["run", name, ...HERE, "--ttl", "4s", "--", "sh", "-c", script]);
  await running.says("up");
  await shared().send("DEL", PREFIX + name);
  const { code, stderr } = await running.finished;
  expect(code).toBe(114);
  expect(stderr).toContain(`holdfast: the lock ${name} is lost: its key was deleted; ending the command`);
  await until(async () => linesOf(file).length === 2, "not both of them heard TERM");
  expect(linesOf(file).sort()).toEqual(["inner", "outer"]);
  await expectFree(name);
});

test.concurrent("what another has is left to it, and whoever ignores TERM is killed, grandchildren too", async () => {
  const name = fresh();
  const file = freshFile();
  const running = start(["run", name, ...HERE, "--ttl", "4s", "--grace", "300ms", "--", ...family(file)]);
  const pids = await pidsIn(`${file}.pid`, 2);
  await shared().send("SET", PREFIX + name, "somebody else's", "PX", "60000");
  const { code, stderr } = await running.finished;
  expect(code).toBe(114);
  expect(stderr).toContain("another has it");
  expect(linesOf(`${file}.term`)).toHaveLength(2);
  await untilGone(pids);
  expect(await holderOf(name)).toBe("somebody else's");
  await shared().send("DEL", PREFIX + name);
});

test.concurrent("a command that ends well after its lock was deleted is not passed off as protected", async () => {
  const name = fresh();
  const running = start(["run", name, ...HERE, "--", "sh", "-c", "echo up; read -r _; exit 0"]);
  await running.says("up");
  await shared().send("DEL", PREFIX + name);
  running.child.stdin?.end("go on\n");
  const { code, stderr } = await running.finished;
  expect(code).toBe(114);
  expect(stderr).toContain("its work was unprotected");
});

/** Starts a stubborn family under a lock on a server of its own, and acts right after a renewal of it. */
async function afterRenewal(ttl: number, act: (redis: RedisServer, pid: number) => unknown) {
  const redis = await startRedis();
  const client = respClient(redis.url);
  const name = fresh();
  const file = freshFile();
  const words = ["--ttl", `${ttl}ms`, "--grace", "300ms", "--", ...family(file)];
  const running = start(["run", name, "--redis", redis.url, ...words]);
  const pids = await pidsIn(`${file}.pid`, 2);
  const expiry = async () => Number(await client.send("PEXPIRETIME", `lock:${name}`));
  let deadline = 0;
  for (let slow = true; slow; ) {
    const before = await expiry();
    await until(async () => (await expiry()) > before, "it was not renewed");
    const seen = Date.now();
    deadline = await expiry();
    // The next renewal comes a third of the ttl after this one, and is not to be missed.
    slow = Date.now() - seen > ttl / 12 || deadline - Date.now() < ttl * 0.8;
  }
  await act(redis, running.pid);
  return { redis, client, name, file, running, pids, deadline };
}

test.concurrent("Redis stopped: TERM in time for the grace, and nothing is left when the ttl is over", async () => {
  const { redis, client, file, running, pids, deadline } = await afterRenewal(4800, (server) => server.kill("SIGSTOP"));
  try {
    await untilGone(pids);
    const beats = linesOf(file).map(Number);
    const terms = linesOf(`${file}.term`).map(Number);
    expect(terms).toHaveLength(2);
    expect(Math.max(...beats)).toBeLessThan(deadline);
    expect(Math.max(...terms)).toBeLessThan(deadline - 200);
    // And not at once: Redis may come back.
    expect(Math.min(...terms)).toBeGreaterThan(deadline - 2400);
    await redis.kill("SIGCONT");
    const { code, stderr } = await running.finished;
    expect(code).toBe(114);
    expect(stderr).toContain("it was not renewed in time");
  } finally {
    client.close();
    await redis.stop();
  }
});

test.concurrent.for(["SIGKILL", "SIGSTOP"] as const)(
  "%s to holdfast itself: the guardian ends the command before the ttl is over",
  async (signal) => {
    const act = (_: RedisServer, pid: number) => process.kill(pid, signal);
    const { redis, client, name, file, running, pids, deadline } = await afterRenewal(4800, act);
    try {
      await untilGone(pids);
      expect(linesOf(`${file}.term`)).toHaveLength(2);
      expect(Math.max(...linesOf(file).map(Number))).toBeLessThan(deadline);
      if (signal === "SIGSTOP") {
        process.kill(running.pid, "SIGCONT");
        expect((await running.finished).code).toBe(114);
      } else {
        expect(await running.finished).toMatchObject({ signal: "SIGKILL" });
        // Nobody has given it back. The ttl does.
        await until(async () => (await client.send("GET", `lock:${name}`)) === null, "the ttl did not free it");
        expect(Date.now()).toBeGreaterThan(deadline - 5);
      }
    } finally {
      client.close();
      await redis.stop();
    }
  },
);

test.concurrent("Redis away for less than that costs nothing", async () => {
  const redis = await startRedis();
  const client = respClient(redis.url);
  try {
    const words = ["--ttl", "6s", "--grace", "500ms", "--", "sh", "-c", "echo up; read -r _; exit 5"];
    const running = start(["run", "it", "--redis", redis.url, ...words]);
    await running.says("up");
    await redis.kill("SIGSTOP");
    await sleep(2500);
    await redis.kill("SIGCONT");
    const renewed = async () => Number(await client.send("PTTL", "lock:it")) > 5000;
    await until(renewed, "it was not renewed");
    running.child.stdin?.end("go on\n");
    expect(await running.finished).toMatchObject({ code: 5, stderr: "" });
  } finally {
    client.close();
    await redis.stop();
  }
});

test.concurrent("in the group of its caller the command ends with all of its own, and the caller does not", async () => {
  const name = fresh();
  const file = freshFile();
  // One grandchild has lost its parent: it is known by what it was started with.
  const orphan = `(${stubborn(file).slice(0, 2).join(" ")} "$0" "$1" &)`;
  const script = `${orphan}; ${stubborn(file).slice(0, 2).join(" ")} "$0" "$1"`;
  const words = ["run", name, ...HERE, "--foreground", "--ttl", "4s", "--grace", "200ms", "--"];
  const running = start([...words, "sh", "-c", script, stubborn(file)[2] as string, file]);
  const pids = await pidsIn(`${file}.pid`, 2);
  await shared().send("DEL", PREFIX + name);
  expect((await running.finished).code).toBe(114);
  await untilGone(pids);
  expect(linesOf(`${file}.term`)).toHaveLength(2);
});
