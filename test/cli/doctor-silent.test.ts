import { expect, inject, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import { startRestServer } from "../support/rest-server.ts";
import { startSilent } from "./silent-server.ts";
import { type Finished, fresh, holdfast, PREFIX, shared } from "./support.ts";

/** Enough to connect on a busy machine. */
const TIMEOUT = 3000;

interface Outcome extends Finished {
  took: number;
  unanswered: number;
  left: Map<string, number>;
}

/** Examines a server that falls silent after so many replies, and says what is left behind and for how long. */
async function fallsSilentAfter(replies: number): Promise<Outcome> {
  const prefix = `${PREFIX}${fresh("doctor")}:`;
  let seen = 0;
  const server = await startSilent({ leads: () => true, last: () => ++seen >= replies });
  try {
    const began = performance.now();
    const words = ["doctor", "--json", "--redis", server.url, "--prefix", prefix, "--timeout", `${TIMEOUT}`];
    const finished = await holdfast(words);
    const took = performance.now() - began;
    const [, keys] = (await shared().send("SCAN", "0", "MATCH", `*${prefix}*`, "COUNT", "100000")) as [
      Buffer,
      Buffer[],
    ];
    const left = new Map<string, number>();
    for (const key of keys.map(String)) left.set(key, Number(await shared().send("PTTL", key)));
    if (left.size > 0) await shared().send("DEL", ...left.keys());
    return { ...finished, took, unanswered: server.unanswered(), left };
  } finally {
    server.close();
  }
}

test.concurrent("a server that falls silent at whatever point ends it after --timeout, and nothing is left for longer than the page says", async () => {
  const outcomes: Outcome[] = [];
  // The last ones have had all the answers.
  while (outcomes.at(-1)?.code !== 0) {
    const more = Array.from({ length: 6 }, (_, index) => fallsSilentAfter(outcomes.length + index + 1));
    outcomes.push(...(await Promise.all(more)));
    expect(outcomes.length).toBeLessThan(60);
  }
  const silenced = outcomes.filter(({ code }) => code !== 0);
  expect(silenced.length).toBeGreaterThan(10);
  for (const { code, stdout, took, unanswered, left } of silenced) {
    expect(code).toBe(3);
    const [{ reachable, findings }] = JSON.parse(stdout).servers;
    expect(reachable).toBe(false);
    expect(findings.at(-1)).toMatchObject({ check: "reachable", status: "fail" });
    expect(findings.at(-1).found).toMatch(/^(it stopped answering in the middle: |no answer within 3000 ms)/);
    expect(findings.filter(({ status }: { status: string }) => status === "fail")).toHaveLength(1);
    // One, and what frees the lock if that is answered after all; not one for each check.
    expect(unanswered).toBeLessThanOrEqual(2);
    expect(took).toBeLessThan(TIMEOUT * 15);
    for (const [key, ms] of left) {
      expect(key).toContain(":holdfast-doctor-");
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(key.startsWith("fence.7t5:") ? 3_620_000 : 10_000);
    }
  }
  // What was seen before is told; and in one of these moments the lock was there.
  expect(silenced.some(({ stdout }) => stdout.includes("one was taken, seen, extended and given back"))).toBe(true);
  expect(silenced.some(({ left }) => left.size === 2)).toBe(true);
});

test.concurrent("one that only comes to a stop finds the end of it when it goes on, and nothing is left", async () => {
  const redis = await startRedis();
  const client = respClient(redis.url);
  const stop = (reply: string) => reply.includes("granted") && process.kill(redis.pid, "SIGSTOP") && false;
  const server = await startSilent({ leads: () => true, url: redis.url, last: stop });
  try {
    const { code, stdout } = await holdfast(["doctor", "--redis", server.url, "--timeout", `${TIMEOUT}`]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/FAIL {2}reachable +it stopped answering in the middle: /);
    await redis.kill("SIGCONT");
    await until(async () => (await client.send("DBSIZE")) === 0, "something was left", 5000);
  } finally {
    server.close();
    client.close();
    await redis.stop();
  }
});

test.concurrent("by REST the same; an error of a gateway is an answer", async () => {
  const rest = await startRestServer({ redisUrl: inject("redisUrl") });
  const prefix = `${PREFIX}${fresh("doctor")}:`;
  const address = rest.url.replace("//", `//:${rest.token}@`);
  const words = ["doctor", "--json", "--redis", address, "--prefix", prefix, "--timeout", `${TIMEOUT}`];
  const meets = (fault: "stall" | "badGateway", name: string) => {
    rest.faults.clear();
    rest.faults.always(fault, { when: ([command]) => command === name });
    return holdfast(words);
  };
  try {
    for (const name of ["TIME", "EVAL", "INFO"]) {
      const { code, stdout } = await meets("stall", name);
      expect({ name, code }).toEqual({ name, code: 3 });
      expect(JSON.parse(stdout).servers[0].findings.at(-1).found).toMatch(/^it stopped answering in the middle: /);
    }
    const answered = await meets("badGateway", "INFO");
    expect(answered.code).toBe(0);
    expect(answered.stdout).toContain("HTTP 502, which is no answer of Upstash's");
  } finally {
    await rest.close();
  }
});
