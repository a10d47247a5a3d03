import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import { startSilent } from "./silent-server.ts";
import { fresh, holderOf, holdfast, PREFIX, type Running, shared, start } from "./support.ts";

/** What is left to its ttl would keep these for as long, if they waited for it. */
const TTL = "10m";
const LIMIT = 25_000;
/** Enough to connect on a busy machine. */
const TIMEOUT = ["--timeout", "3s"];

const left = (name: string) => `${name} could not be given back (Redis did not answer, or refused): it is free when`;

test.concurrent("lock: a key that nobody reads while Redis falls silent is 3 after --timeout, and the user is told", async () => {
  const name = fresh();
  const server = await startSilent({ leads: () => true, last: (reply) => reply.includes("granted") });
  try {
    const began = performance.now();
    const here = ["--redis", server.url, "--prefix", PREFIX, ...TIMEOUT];
    const running = start(["lock", name, TTL, ...here]);
    running.child.stdout?.destroy();
    const { code, stderr } = await running.finished;
    expect(code).toBe(3);
    expect(stderr).toContain(`holdfast: ${left(name)}`);
    expect(stderr).toContain("holdfast: nobody reads the key (");
    expect(performance.now() - began).toBeLessThan(LIMIT);
    expect(await holderOf(name)).toMatch(/^t/);
  } finally {
    server.close();
    await shared().send("DEL", PREFIX + name);
  }
});

/** Stops Redis while it is asked for a lock that another has, interrupts the wait, and leaves the rest to the test. */
async function interrupted(words: string[], use: (running: Running) => Promise<void>): Promise<void> {
  const redis = await startRedis();
  const client = respClient(redis.url);
  try {
    await client.send("SET", "lock:it", "somebody else's");
    const [command = "", ...options] = words;
    const run = command === "run" ? ["--", "sleep", "60"] : [];
    const running = start([command, "it", ...options, "--redis", redis.url, "--wait", "forever", ...run]);
    const asked = async () => /cmdstat_evalsha?:calls=/.test(String(await client.send("INFO", "commandstats")));
    await until(asked, "nobody asked for it");
    await redis.kill("SIGSTOP");
    running.child.kill("SIGINT");
    await use(running);
  } finally {
    client.close();
    await redis.stop();
  }
}

test.concurrent.for([
  ["run", "--ttl", TTL],
  ["lock", TTL],
])("a wait that is interrupted while Redis hangs ends after --timeout, and the user is told: %s", async (words) => {
  await interrupted([...words, ...TIMEOUT], async ({ finished }) => {
    const began = performance.now();
    const { signal, stderr } = await finished;
    expect(signal).toBe("SIGINT");
    expect(stderr).toContain(`holdfast: what may have been granted of ${left("it")}`);
    expect(performance.now() - began).toBeLessThan(LIMIT);
  });
});

test.concurrent.for(["run", "lock"])("a second signal ends that, however long --timeout is: %s", async (command) => {
  await interrupted([command, "--timeout", "10m"], async ({ child, finished }) => {
    // Two that come at once may be heard as one.
    const timer = setInterval(() => child.kill("SIGINT"), 500);
    expect((await finished.finally(() => clearInterval(timer))).signal).toBe("SIGINT");
  });
});

test.concurrent("who is not answered says so when the wait is over, and that it may have been granted", async () => {
  const server = await startSilent({ leads: () => true, last: () => true });
  try {
    const here = ["--redis", server.url, "--prefix", PREFIX, ...TIMEOUT, "--wait", "3s"];
    const { code, stderr } = await holdfast(["lock", "it", TTL, ...here]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^holdfast: Redis did not grant "it": no answer within \d+ ms\. /m);
    expect(stderr).toContain(`holdfast: what may have been granted of ${left("it")}`);
  } finally {
    server.close();
  }
});
