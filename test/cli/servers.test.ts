import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { scrub, serversOf } from "../../cli/servers.ts";
import { freePort } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { expectFree, fresh, HERE, holderOf, holdfast, PREFIX, shared, start } from "./support.ts";

const SECRET = "s3cret-p4ssword";
let rest: RestServer;
let guarded: RedisServer;
beforeAll(async () => {
  rest = await startRestServer({ redisUrl: inject("redisUrl"), token: SECRET });
  guarded = await startRedis({ args: ["--save", ""] });
  const client = respClient(guarded.url);
  await client.send("CONFIG", "SET", "requirepass", SECRET);
  client.close();
});
afterAll(async () => {
  await rest.close();
  await guarded.stop();
});

const prefixed = ["--prefix", PREFIX];

test.concurrent("REDIS_URL says which Redis, and --redis says it before REDIS_URL", async () => {
  const name = fresh();
  const dead = `redis://127.0.0.1:${await freePort()}`;
  const env = { REDIS_URL: inject("redisUrl"), UPSTASH_REDIS_REST_URL: "https://nowhere.invalid" };
  const key = (await holdfast(["lock", name, ...prefixed], env)).stdout.trim();
  expect(await holderOf(name)).toBe(key);
  expect((await holdfast(["unlock", name, key, ...HERE], { REDIS_URL: dead })).code).toBe(0);
});

test.concurrent("Upstash: from the environment, or by an address that carries the token", async () => {
  const env = { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: SECRET };
  const withToken = rest.url.replace("//", `//:${SECRET}@`);
  const asUser = rest.url.replace("//", `//${SECRET}@`);
  const name = fresh();
  const key = (await holdfast(["lock", name, "60000", ...prefixed], env)).stdout.trim();
  expect(await holderOf(name)).toBe(key);
  const { stdout, code } = await holdfast(["status", name, "--redis", withToken, ...prefixed]);
  expect({ stdout, code }).toEqual({ code: 0, stdout: expect.stringContaining("held") });
  expect((await holdfast(["extend", name, key, "--redis", asUser, ...prefixed])).code).toBe(0);
  const token = { UPSTASH_REDIS_REST_TOKEN: SECRET };
  expect((await holdfast(["unlock", name, key, "--redis", rest.url, ...prefixed], token)).code).toBe(0);
  const ran = await holdfast(["run", name, "--redis", withToken, ...prefixed, "--", "sh", "-c", "exit 5"]);
  expect(ran).toMatchObject({ code: 5, stderr: "" });
  await expectFree(name);
});

test.concurrent("with a password, which nothing that is said has in it", async () => {
  const right = guarded.url.replace("//", `//:${SECRET}@`);
  const wrong = guarded.url.replace("//", `//default:wr0ng-${SECRET}@`);
  const gone = `redis://:${SECRET}@127.0.0.1:${await freePort()}`;
  const wrongToken = rest.url.replace("//", `//:wr0ng-${SECRET}@`);
  for (const command of [["lock", "it", "--json"], ["status"], ["doctor"], ["run", "it", "--json", "--", "true"]]) {
    for (const [address, code] of [
      [right, 0],
      [wrong, 3],
      [gone, 3],
      [wrongToken, 3],
    ] as const) {
      const name = command[0] === "lock" ? fresh() : "it";
      const words = command.map((word) => (word === "it" ? name : word));
      const at = words.indexOf("--");
      words.splice(at < 0 ? words.length : at, 0, "--redis", address);
      const finished = await holdfast(words, { DEBUG: "*", NODE_DEBUG: "" });
      expect(finished.stdout + finished.stderr, words.join(" ")).not.toContain(SECRET);
      expect(finished.code, `${words.join(" ")}: ${finished.stderr}`).toBe(code);
    }
  }
});

test("whatever a client or a server may put into its errors, the secrets in it are not shown", () => {
  const all = ["redis://user:p%40ss-word@host", "https://:the-token@host", "rediss://the-user@host"];
  const servers = serversOf(all, {});
  const said = "AUTH p@ss-word failed for p%40ss-word, the-token, the-user";
  expect(scrub(said, servers)).toBe("AUTH <secret> failed for <secret>, <secret>, <secret>");
  expect(servers.map(({ label }) => label)).toEqual(["redis://host", "https://host", "rediss://host"]);
});

test.concurrent("a Redis that is not there is 3, said in words, at once", async () => {
  const dead = `redis://127.0.0.1:${await freePort()}`;
  const token = "tAAAAAAAAAAAAAAAAAAAAAA";
  const commands = [["run", "it", "--", "true"], ["lock", "it"], ["unlock", "it", token], ["status"], ["reset", "it"]];
  for (const [command = "", ...words] of commands) {
    const { code, stderr, stdout } = await holdfast([command, "--redis", dead, ...words]);
    expect({ command, code, stdout }).toEqual({ command, code: 3, stdout: "" });
    expect(stderr).toContain(`${dead} (from --redis) cannot be reached`);
    expect(stderr).toContain("ECONNREFUSED");
  }
  const distinct = await holdfast(["run", "it", "--redis", dead, "--distinct-codes", "--", "true"]);
  expect(distinct.code).toBe(113);
});

test.concurrent("a command line that cannot be right is 2, and nothing is sent", async () => {
  const dead = ["--redis", `redis://127.0.0.1:${await freePort()}`];
  const wrong = [
    [],
    ["no-such-command"],
    ["lock"],
    ["lock", ""],
    ["lock", "it", "5 parsecs"],
    ["lock", "it", "--wait", "x"],
    ["lock", "it", "--no-such-option"],
    ["lock", "it", "1000", "--timeout", "0"],
    ["unlock", "it"],
    ["unlock", "it", "no-key"],
    ["extend", "it", "tAAAAAAAAAAAAAAAAAAAAAA", "25h"],
    ["run", "it"],
    ["run", "it", "true"],
    ["run", "it", "true", "--", "false"],
    ["run", "", "--", "true"],
    ["run", "it", "--", ""],
    ["run", "it", "--ttl", "30", "--", "true"],
    ["run", "it", "--ttl", "1h", "--max-hold", "1s", "--", "true"],
    ["run", "it", "--ttl", "10s", "--grace", "6s", "--", "true"],
    ["run", "it", "--owner", "x".repeat(300), "--", "true"],
    ["status", "--watch", "1 fortnight"],
  ];
  for (const words of wrong) {
    const at = words.indexOf("--");
    const all = [...words];
    all.splice(at < 0 ? words.length : at, 0, ...dead);
    const { code, stdout, stderr } = await holdfast(all);
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: "" });
    expect(stderr).not.toBe("");
  }
  expect((await holdfast(["run", "it", ...dead, "--distinct-codes"])).code).toBe(112);
});

test.concurrent("an address that cannot be read is not repeated", async () => {
  for (const address of [`redis//:${SECRET}@host`, `ftp://:${SECRET}@host`, `http://:${SECRET}@example.com`]) {
    const { code, stderr } = await holdfast(["status", "--redis", address]);
    expect({ code, address }).toEqual({ code: 2, address });
    expect(stderr).not.toContain(SECRET);
  }
  expect((await holdfast(["status", "--redis", "https://example.com"])).stderr).toContain("UPSTASH_REDIS_REST_TOKEN");
  expect(
    (await holdfast(["status", "--redis", rest.url, "--redis", rest.url], { UPSTASH_REDIS_REST_TOKEN: "x" })).code,
  ).toBe(2);
});

test.concurrent("several addresses are a quorum: a majority is enough, a minority is 3", async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  const clients = servers.map(({ url }) => respClient(url));
  const [first, second, third] = servers as [RedisServer, RedisServer, RedisServer];
  const all = servers.flatMap(({ url }) => ["--redis", url]);
  try {
    // A server that has only just started may have forgotten a lock; so it is waited for.
    const running = start([
      "run",
      "it",
      ...all,
      "--ttl",
      "4s",
      "--wait",
      "30s",
      "--",
      "sh",
      "-c",
      "echo up; read -r _; exit 6",
    ]);
    await running.says("up");
    const values = await Promise.all(clients.map((client) => client.send("GET", "lock:it")));
    expect(values.filter((value) => value !== null).length).toBeGreaterThanOrEqual(2);
    await third.kill("SIGKILL");
    const busy = await holdfast(["lock", "it", "2s", ...all, "--wait", "0"]);
    expect(busy.code).toBe(1);
    expect((await holdfast(["status", "it", ...all, "--json"])).code).toBe(0);
    running.child.stdin?.end("go on\n");
    expect(await running.finished).toMatchObject({ code: 6 });
    expect(await clients[0]?.send("GET", "lock:it")).toBeNull();

    const doctor = await holdfast(["doctor", ...all, "--json"]);
    expect(doctor.code).toBe(0);
    expect(JSON.parse(doctor.stdout).together).toContainEqual(
      expect.objectContaining({ check: "majority", status: "warn" }),
    );
    await second.kill("SIGKILL");
    expect((await holdfast(["lock", "it", ...all])).code).toBe(3);
    expect((await holdfast(["doctor", ...all])).code).toBe(3);
    expect(
      (await holdfast(["lock", "it", "--wait", "0"], { REDIS_URL: servers.map(({ url }) => url).join(" ") })).code,
    ).toBe(3);
  } finally {
    for (const client of clients) client.close();
    await Promise.all([first, second, third].map((server) => server.stop()));
  }
});

test.concurrent("nothing is left of a lock that was taken and given back", async () => {
  const name = fresh();
  await holdfast(["run", name, ...HERE, "--", "true"]);
  const [, keys] = (await shared().send("SCAN", "0", "MATCH", `*${name}*`, "COUNT", "100000")) as [Buffer, Buffer[]];
  expect(keys.map(String)).toEqual([`fence.7t5:${PREFIX}${name}`]);
  expect(await shared().send("PTTL", String(keys[0]))).toBeGreaterThan(0);
});
