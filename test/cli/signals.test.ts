import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import { listener, PASSED } from "./listener.ts";
import { expectFree, fresh, freshFile, HERE, holderOf, linesOf, PREFIX, shared, start } from "./support.ts";

for (const mode of [[], ["--foreground"]]) {
  test.concurrent(`every signal is passed on, once each ${mode}`, async () => {
    const name = fresh();
    const file = freshFile();
    const running = start(["run", name, ...HERE, ...mode, "--", ...listener(file)]);
    await running.says("listening");
    // In the caller's group we stop as the command does, so that the caller sees it; nobody is stopped twice.
    const passed = mode.length > 0 ? PASSED.filter((signal) => !/^T(STP|TIN|TOU)$/.test(signal)) : PASSED;
    for (const [index, signal] of passed.entries()) {
      process.kill(running.pid, `SIG${signal}` as NodeJS.Signals);
      await until(async () => linesOf(file).length > index, `${signal} did not arrive`);
    }
    process.kill(running.pid, "SIGTERM");
    expect(await running.finished).toMatchObject({ code: 9, signal: null });
    expect(linesOf(file)).toEqual(passed);
    await expectFree(name);
  });
}

test.concurrent("grandchildren hear what the command hears", async () => {
  const file = freshFile();
  const inner = `trap "echo inner >> ${file}" USR1; echo up; while :; do sleep 0.05; done`;
  const outer = `trap "echo outer >> ${file}" USR1; sh -c '${inner}' & while :; do wait; done`;
  const running = start(["run", fresh(), ...HERE, "--", "sh", "-c", outer]);
  await running.says("up");
  process.kill(running.pid, "SIGUSR1");
  await until(async () => linesOf(file).length === 2, "not both of them heard it");
  expect(linesOf(file).sort()).toEqual(["inner", "outer"]);
  process.kill(running.pid, "SIGTERM");
  expect(await running.finished).toMatchObject({ signal: "SIGTERM" });
});

test.concurrent("a signal reaches the whole group, and the lock is given back when all of it has ended", async () => {
  const name = fresh();
  const file = freshFile();
  const inner = `trap "sleep 0.4; echo done >> ${file}; exit" TERM; echo up; while :; do sleep 0.05; done`;
  const running = start(["run", name, ...HERE, "--", "sh", "-c", `sh -c '${inner}' & wait`]);
  await running.says("up");
  process.kill(running.pid, "SIGTERM");
  let held = 0;
  while (linesOf(file).length === 0 && (await holderOf(name)) !== null) {
    held++;
    await sleep(20);
  }
  expect(linesOf(file)).toEqual(["done"]);
  expect(held).toBeGreaterThan(0);
  expect(await running.finished).toMatchObject({ signal: "SIGTERM" });
  await expectFree(name);
});

test.concurrent.for(["SIGINT", "SIGTERM"] as const)("%s ends a wait, and leaves no key behind", async (signal) => {
  const name = fresh();
  await shared().send("SET", PREFIX + name, "somebody else's", "PX", "60000");
  const file = freshFile();
  const running = start(["run", name, ...HERE, "--wait", "forever", "--", "touch", file]);
  await running.says("waiting");
  process.kill(running.pid, signal);
  expect(await running.finished).toMatchObject({ signal });
  expect(await holderOf(name)).toBe("somebody else's");
  await shared().send("DEL", PREFIX + name);
  await sleep(300);
  expect(await holderOf(name)).toBeNull();
  expect(existsSync(file)).toBe(false);
});

test.concurrent.for([
  ["run", "it"],
  ["lock", "it"],
])(
  "a wait that is interrupted while Redis hangs gives back what it may have been granted: %s",
  async ([command = "", name = ""]) => {
    const redis = await startRedis();
    const client = respClient(redis.url);
    try {
      await client.send("SET", `lock:${name}`, "somebody else's", "PX", "60000");
      const words = command === "run" ? ["--", "sleep", "60"] : [];
      const running = start([command, name, "--redis", redis.url, "--wait", "forever", ...words]);
      // Polls have come to a stop of a second at most; one is sent into the pause.
      await until(async () => Number((await commands(client)) ?? 0) > 2, "nobody asked for it");
      await client.send("DEL", `lock:${name}`);
      await redis.kill("SIGSTOP");
      await sleep(1500);
      process.kill(running.pid, "SIGINT");
      await sleep(200);
      expect(running.child.exitCode).toBeNull();
      await redis.kill("SIGCONT");
      expect(await running.finished).toMatchObject({ signal: "SIGINT", stdout: "" });
      expect(await client.send("GET", `lock:${name}`)).toBeNull();
    } finally {
      client.close();
      await redis.stop();
    }
  },
);

/** How many scripts were run by this server. */
async function commands(client: ReturnType<typeof respClient>): Promise<number | undefined> {
  const stats = String(await client.send("INFO", "commandstats"));
  return [...stats.matchAll(/cmdstat_evalsha?:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}
