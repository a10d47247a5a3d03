import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { demo, type Run } from "./support.ts";

const name = (of: string) => `${inject("redisPrefix")}${of}`;

/** What every run has to show, whatever the wire. */
function expectTheStory(
  { code, out, err, lines }: Run,
  words: { killed: string; stopped: string; woken: string },
): void {
  expect(err).toBe("");
  const counts = /^(\d+) grants, (\d+) overlaps, (\d+) stale writes? refused$/.exec(lines.at(-1) as string);
  const [grants = 0, overlaps, refused] = counts?.slice(1).map(Number) ?? [];
  // Four finish, one crashes, one loses its first lease.
  expect(grants).toBeGreaterThanOrEqual(6);
  expect(overlaps).toBe(0);
  expect(refused).toBeGreaterThanOrEqual(1);
  expect(code).toBe(0);

  const row = (owner: string) => lines.find((line) => new RegExp(`^${owner} +[░#]`).test(line)) as string;
  const told = (words: string) => lines.find((line) => line.endsWith(words))?.split(/ +/)[2] as string;
  for (const owner of ["ada", "ben", "cleo", "dan", "eve"]) expect(row(owner)).toMatch(/#\d/);
  expect(row(told(words.killed))).toMatch(/#\d█*✗▒+$/);
  const stopped = told(words.stopped);
  expect(told(words.woken)).toBe(stopped);
  expect(row(stopped)).toMatch(/⏸▒+.*! *⊘.*#\d█+$/);
  expect(out).toMatch(
    new RegExp(` s {2}${stopped} learns by its signal that its lease is lost \\((expired|unreachable)\\)$`, "m"),
  );
  expect(out).toMatch(
    new RegExp(` s {2}${stopped} still writes with fence #\\d: refused, the resource has seen #\\d$`, "m"),
  );
  expect(out.match(/takes it.*: freed by the ttl, \d+ ms after/g)?.length).toBeGreaterThanOrEqual(2);

  const fences = [...out.matchAll(/^#\d+ {2}(\d{16}) {2}\w+$/gm)].map(([, fence]) => Number(fence));
  expect(fences).toHaveLength(grants);
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));

  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(out).not.toContain("\x1b");
}

const SIGNALS = {
  killed: "is killed by SIGKILL: nobody is left to release",
  stopped: "is stopped by SIGSTOP: no renewal",
  woken: "goes on by SIGCONT",
};

test("in memory: one crashes, one freezes, nothing overlaps", { timeout: 60_000 }, async () => {
  const run = await demo([]);
  expect(run.lines.slice(0, 2)).toEqual([
    "5 contenders for one lock, ttl 600 ms",
    "in memory, all of them in this process",
  ]);
  expectTheStory(run, {
    killed: "crashes: it does nothing any more, and releases nothing",
    stopped: "freezes: none of its timers fires, no renewal",
    woken: "wakes up",
  });
});

describe("over a real Redis", () => {
  let rest: RestServer;
  beforeAll(async () => {
    rest = await startRestServer({ redisUrl: inject("redisUrl") });
  });
  afterAll(() => rest.close());

  test("processes, SIGKILL and SIGSTOP, by TCP", { timeout: 60_000 }, async () => {
    const run = await demo(["--redis", inject("redisUrl"), "--name", name("demo-tcp")]);
    expect(run.lines[1]).toBe(`Redis at ${new URL(inject("redisUrl")).host}, each of them a process of its own`);
    expectTheStory(run, SIGNALS);
    expect(await leftovers(name("demo-tcp"))).toEqual([`fence.7t5:lock:${name("demo-tcp")}`]);
  });

  test("processes, SIGKILL and SIGSTOP, by REST", { timeout: 60_000 }, async () => {
    const env = { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token };
    const run = await demo(["--upstash", `--name=${name("demo-rest")}`], env);
    expect(run.lines[1]).toBe(`Upstash at ${new URL(rest.url).host}, each of them a process of its own`);
    expectTheStory(run, SIGNALS);
    expect(await leftovers(name("demo-rest"))).toEqual([`fence.7t5:lock:${name("demo-rest")}`]);
    expect(run.out).not.toContain(rest.token);
  });

  test("a wrong REST token is one sentence", async () => {
    const run = await demo(["--upstash"], { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: "secret" });
    expect(run).toMatchObject({ code: 1, out: "" });
    expect(run.err).toMatch(/^Upstash at \S+ does not answer: HTTP 401: .+\n$/);
    expect(run.err).not.toContain("secret");
  });
});

/** The keys that contain this, but for the mark of who waited; each must expire by itself. */
async function leftovers(part: string): Promise<string[]> {
  const client = respClient(inject("redisUrl"));
  try {
    const keys = ((await client.send("KEYS", `*${part}*`)) as Buffer[]).map(String);
    for (const key of keys) expect(await client.send("PTTL", key)).toBeGreaterThan(0);
    return keys.filter((key) => !key.startsWith("alive.dcr7:"));
  } finally {
    client.close();
  }
}

describe("what cannot run says why", () => {
  test("a Redis that is not there is one sentence, without the password", async () => {
    for (const [args, env] of [
      [["--redis", "redis://:secret@127.0.0.1:1"], {}],
      [[], { REDIS_URL: "redis://:secret@127.0.0.1:1" }],
      [["--redis"], { REDIS_URL: "redis://:secret@127.0.0.1:1" }],
    ] satisfies [string[], Record<string, string>][]) {
      const { code, out, err } = await demo(args, env);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toBe("Redis at 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1\n");
    }
  });

  test("help is no error", async () => {
    const run = await demo(["--help"]);
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("usage: npm run demo");
  });

  test.each([
    [["--bogus"], "There is no option --bogus."],
    [["redis://:secret@localhost"], "Only options are expected."],
    [["--redis"], "--redis needs an address, or REDIS_URL."],
    [["--redis", "http://localhost"], "The address of Redis looks like redis://localhost:6379."],
    [["--upstash"], "--upstash needs UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN."],
    [["--name"], "--name needs a name."],
    [["--memory", "--redis", "redis://localhost"], "Choose one of --redis, --upstash and --memory."],
  ])("%j is refused with the usage", async (args, message) => {
    const run = await demo(args);
    expect(run).toMatchObject({ code: 2, out: "" });
    expect(run.err.split("\n").slice(0, 2)).toEqual([message, ""]);
    expect(run.err).toContain("usage: npm run demo");
  });
});
