import { Redis as Upstash } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { startRedis } from "./redis-server.ts";
import { type RespClient, respClient } from "./resp.ts";
import type { FaultKind, FaultOptions } from "./rest-faults.ts";
import { type RestServer, startRestServer } from "./rest-server.ts";

const prefix = `${inject("redisPrefix")}rest:`;
let server: RestServer;
let redis: RespClient;

beforeAll(async () => {
  redis = respClient(inject("redisUrl"));
  server = await startRestServer({ redisUrl: inject("redisUrl") });
});
afterEach(() => server.faults.clear());
afterAll(async () => {
  await server.close();
  redis.close();
});

interface Answer {
  status?: number;
  json?: unknown;
  /** Set when the answer is not JSON. */
  text?: string;
  /** Set when there was no whole answer. */
  failed?: "rejected" | "timeout";
  ms: number;
}

async function post(body: unknown, to = server, path = "/", limit = 5000): Promise<Answer> {
  const start = performance.now();
  const ms = () => performance.now() - start;
  try {
    const response = await fetch(to.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${to.token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(limit),
    });
    const text = await response.text();
    try {
      return { status: response.status, json: JSON.parse(text), ms: ms() };
    } catch {
      return { status: response.status, text, ms: ms() };
    }
  } catch (error) {
    return { failed: (error as Error).name === "TimeoutError" ? "timeout" : "rejected", ms: ms() };
  }
}

describe("the Upstash protocol", () => {
  const answerOf = async (body: unknown, path?: string) => {
    const { status, json } = await post(body, server, path);
    return { status, json };
  };

  test("serves the real client, whose encoding is base64", async () => {
    const client = new Upstash({ url: server.url, token: server.token, automaticDeserialization: false });
    const key = `${prefix}client`;
    expect(await client.set(key, "wörd", { nx: true, px: 60_000 })).toBe("OK");
    expect(await client.set(key, "other", { nx: true })).toBeNull();
    expect(await client.get(key)).toBe("wörd");
    const script = "#!lua flags=allow-key-locking\nreturn { redis.call('GET', KEYS[1]), 7, { ARGV[1] } }";
    expect(await client.eval(script, [key], ["OK"])).toEqual(["wörd", 7, ["OK"]]);
    const sha = await client.scriptLoad(script);
    expect(await client.evalsha(sha, [key], ["x"])).toEqual(["wörd", 7, ["x"]]);
    await expect(client.eval("return nonsense(", [], [])).rejects.toThrow("Error compiling script");
    expect(await client.multi().incr(`${key}:n`).incr(`${key}:n`).exec()).toEqual([1, 2]);
  });

  test("answers plain JSON without the encoding header", async () => {
    expect(await answerOf(["SET", `${prefix}plain`, 3_000_000])).toEqual({ status: 200, json: { result: "OK" } });
    expect(await answerOf(["GET", `${prefix}plain`])).toEqual({ status: 200, json: { result: "3000000" } });
    expect(await answerOf(["GET", `${prefix}none`])).toEqual({ status: 200, json: { result: null } });
    expect(await answerOf(["INCR", `${prefix}n`])).toEqual({ status: 200, json: { result: 1 } });
    const wrong = { error: "WRONGTYPE Operation against a key holding the wrong kind of value" };
    expect(await answerOf(["LPUSH", `${prefix}n`, "x"])).toEqual({ status: 400, json: wrong });
    const mixed = [
      ["GET", `${prefix}n`],
      ["LPUSH", `${prefix}n`, "x"],
      ["SUBSCRIBE", "x"],
    ];
    const [got, refused, unavailable] = (await post(mixed, server, "/pipeline")).json as object[];
    expect([got, refused]).toEqual([{ result: "1" }, wrong]);
    expect(unavailable).toMatchObject({ error: expect.stringContaining("not available: 'SUBSCRIBE'") });
    expect(await answerOf([["INCR", `${prefix}n`], ["NO"]], "/multi-exec")).toMatchObject({ status: 400 });
    expect(await answerOf(["GET", `${prefix}n`])).toEqual({ status: 200, json: { result: "1" } });
    expect(await answerOf({ not: "a command" })).toMatchObject({ status: 400 });
    const foreign = await post(["PING"], { ...server, token: "wrong" });
    expect(foreign).toMatchObject({ status: 401, json: { error: "Unauthorized" } });
  });

  test("knows DELEX and key locking, or refuses both as Redis 7 does", async () => {
    const key = `${prefix}delex`;
    await post(["SET", key, "mine"]);
    expect(await answerOf(["DELEX", key, "IFEQ", "other"])).toMatchObject({ json: { result: 0 } });
    expect(await answerOf(["DELEX", key, "IFEQ", "mine"])).toMatchObject({ json: { result: 1 } });
    const strict = await startRestServer({ redisUrl: inject("redisUrl"), delex: false, keyLocking: "refuse" });
    const { json } = await post(["DELEX", key, "IFEQ", "mine"], strict);
    expect(json).toMatchObject({ error: expect.stringContaining("unknown command 'DELEX'") });
    const script = "#!lua flags=allow-key-locking\nreturn 1";
    expect(await post(["EVAL", script, "0"], strict)).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining("Unexpected flag in script shebang") },
    });
    await strict.close();
  });

  test("counts what is billed, commands inside scripts included", async () => {
    const own = await startRedis();
    const rest = await startRestServer({ redisUrl: own.url });
    const script = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end";
    const { billed } = await rest.countBilled(async () => {
      await post(["SET", "k", "v", "NX", "PX", "1000"], rest);
      await post(["EVAL", script, "1", "k", "v"], rest);
    });
    expect(billed).toBe(4);
    const { billed: native } = await rest.countBilled(() => post(["DELEX", "k", "IFEQ", "v"], rest));
    expect(native).toBe(1);
    await rest.close();
    await own.stop();
  });
});

describe("faults", () => {
  const rejected = { failed: "rejected" };
  const ok = { status: 200, json: { result: 1 } };
  const cases: [FaultKind, FaultOptions, object, number][] = [
    ["dropRequest", {}, rejected, 0],
    ["dropReply", {}, rejected, 1],
    ["delayReply", { ms: 60 }, ok, 1],
    ["twice", {}, { status: 200, json: { result: 2 } }, 2],
    ["twice", { answer: "first" }, ok, 2],
    ["twiceLate", { ms: 30 }, ok, 2],
    ["badGateway", {}, { status: 502, text: expect.stringContaining("<html>") }, 0],
    ["badGateway", { executed: true }, { status: 502 }, 1],
    ["html", {}, { status: 200, text: expect.stringContaining("<html>") }, 0],
    ["aborted", {}, { status: 200, json: { result: "Aborted" } }, 0],
    ["rateLimit", {}, { status: 429, json: { error: expect.any(String) } }, 0],
    ["unauthorized", {}, { status: 401, json: { error: "Unauthorized" } }, 0],
    ["quota", {}, { status: 400, json: { error: expect.stringMatching(/^ERR max requests limit/) } }, 0],
    ["truncated", {}, { status: 200, text: '{"resu' }, 1],
    ["stall", {}, { failed: "timeout" }, 0],
    ["stall", { executed: true }, { failed: "timeout" }, 1],
    ["stallBody", {}, { failed: "timeout" }, 1],
    ["error", { text: "LOADING x" }, { status: 400, json: { error: "LOADING x" } }, 0],
    ["errorAfter", { text: "OOM x" }, { status: 400, json: { error: "OOM x" } }, 1],
  ];

  test.each(cases)("%s %o", async (kind, options, answer, executed) => {
    const key = `${prefix}fault:${kind}:${JSON.stringify(options)}`;
    const fault = server.faults.next(kind, options);
    const got = await post(["INCR", key], server, "/", kind.startsWith("stall") ? 250 : 5000);
    expect(got).toMatchObject(answer);
    await fault.done;
    expect(server.requests.at(-1)).toMatchObject({ command: ["INCR", key], fault: kind, executed });
    expect(Number(await redis.send("GET", key))).toBe(executed);
    expect(await post(["INCR", key])).toMatchObject({ json: { result: executed + 1 } });
  });

  test("delay and delayReply take their time, before and after executing", async () => {
    const key = `${prefix}late`;
    for (const [kind, before] of [
      ["delay", null],
      ["delayReply", 1],
    ] as const) {
      await redis.send("DEL", key);
      const fault = server.faults.next(kind, { ms: 200 });
      const answer = post(["INCR", key]);
      await fault.hit;
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await redis.send("EXISTS", key)).toBe(before ?? 0);
      expect((await answer).ms).toBeGreaterThan(195);
    }
  });

  test("hold executes when released, after the client has gone", async () => {
    const key = `${prefix}held`;
    const held = server.faults.next("hold", { when: ([name]) => name === "SET" });
    expect(await post(["SET", key, "late"], server, "/", 50)).toMatchObject({ failed: "timeout" });
    expect(await post(["GET", key])).toMatchObject({ json: { result: null } });
    held.release();
    await held.done;
    expect(await post(["GET", key])).toMatchObject({ json: { result: "late" } });
  });

  test("next comes before always, always before rate, and only where they fit", async () => {
    const isGet = ([name]: string[]) => name === "GET";
    const draws = [0.04, 0.06, 0.5];
    server.faults.rate({ quota: 0.05, rateLimit: 0.05 }, () => draws.shift() ?? 1);
    server.faults.always("error", { when: isGet });
    server.faults.next("unauthorized", { when: isGet, times: 2 });
    const statuses: unknown[] = [];
    for (const name of ["PING", "GET", "PING", "GET", "GET", "PING"]) {
      await post([name, ...(name === "GET" ? ["x"] : [])]);
      statuses.push(server.requests.at(-1)?.fault);
    }
    expect(statuses).toEqual(["quota", "unauthorized", "rateLimit", "unauthorized", "error", undefined]);
  });

  test("close ends held, stalled and sleeping requests without executing them", async () => {
    const rest = await startRestServer({ redisUrl: inject("redisUrl") });
    const key = `${prefix}closed`;
    const kinds = ["hold", "stall", "delay"] as const;
    const hits = kinds.map((kind) => rest.faults.next(kind, { ms: 60_000 }).hit);
    const answers = kinds.map(() => post(["SET", key, "x"], rest));
    await Promise.all(hits);
    await rest.close();
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(rejected);
    expect(await redis.send("EXISTS", key)).toBe(0);
  });
});
