import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import { createLocks, isLockError, type Transport } from "../../src/index.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { outcome } from "../support/outcome.ts";
import { type RedisCluster, type RedisServer, startCluster, startRedis } from "../support/redis-server.ts";
import { type RespClient, RespError, respClient, text } from "../support/resp.ts";
import { CLIENTS, type ClientKind, type TcpClient, tcpClient } from "../support/tcp-clients.ts";
import { read, tableUnder } from "./markdown.ts";

const page = read("docs/operating.md");

let server: RedisServer;
let redis: RespClient;
const clients: TcpClient[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = respClient(server.url);
  // ioredis warns that it may not ask for INFO, which it does not need.
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterAll(async () => {
  vi.restoreAllMocks();
  for (const client of clients) client.close();
  redis?.close();
  await server?.stop();
});

/** What follows the name of the user. */
const RULES = (/^ACL SETUSER .*$/m.exec(page)?.[0] ?? "").split(" ").slice(3);

describe("rights", () => {
  const all = RULES.filter((each) => /^[+~&]/.test(each));
  /** Those whose lack costs a poll and no more. */
  const messages = all.filter((each) => /^\+(publish|(un)?subscribe)$|^&/.test(each));
  const rights = all.filter((each) => !messages.includes(each));
  let users = 0;
  async function user(missing?: string): Promise<string> {
    const name = `user-${++users}`;
    const allowed = RULES.filter((each) => each !== missing).map((each) => each.replace("PASSWORD", "secret"));
    expect(text(await redis.send("ACL", "SETUSER", name, ...allowed))).toBe("OK");
    return `redis://${name}:secret@${server.host}:${server.port}`;
  }

  async function inVain(wait: Promise<unknown>): Promise<void> {
    const { error } = await outcome(wait);
    if (error && !isLockError(error, "TIMEOUT")) throw error;
  }

  /** What does not work, with what is said of it. */
  async function failures(url: string, kind: ClientKind = "ioredis"): Promise<Record<string, string>> {
    await redis.send("FLUSHALL");
    await redis.send("SCRIPT", "FLUSH");
    const client = await tcpClient(kind, url);
    clients.push(client);
    const { transport } = client;
    const failed: Record<string, string> = {};
    const errors: Error[] = [];
    const options = {
      wait: 0,
      onEvent: ({ error }: { error?: Error | undefined }) => void (error && errors.push(error)),
    };
    async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
      errors.length = 0;
      const { error } = await outcome(work());
      const first = (error as Error | undefined) ?? errors[0];
      if (first) failed[what] ??= first.message;
    }
    for (const fence of [true, false]) {
      const locks = createLocks(transport, { ...options, fence });
      const name = `fence ${fence}`;
      await attempt("grant", async () => (await locks.acquire(name)).handOver());
      await attempt("release", async () => (await locks.acquire(`${name}, released`)).release());
      await attempt("minHold", () => locks.request(`${name}, kept`, { minHold: "1s" }, () => {}));
      await attempt("extend", async () => (await locks.acquire(`${name}, extended`)).extend("1m"));
      await attempt("verify", async () => (await locks.acquire(`${name}, verified`)).verify());
      await attempt("query", () => locks.query(name));
      await attempt("busy", () => locks.tryAcquire(name));
      // Another process, as far as the local line can tell.
      const elsewhere = createLocks(transport, options);
      await attempt("wait", () => inVain(elsewhere.acquire(name, { wait: 50 })));
      const fair = elsewhere.withOptions({ fair: true, fence });
      await attempt("fair", async () => {
        const held = await fair.acquire(`${name}, fair`);
        await inVain(fair.acquire(`${name}, fair`, { wait: 50 }));
        await held.release();
      });
      await attempt("fair query", () => fair.query(name));
      await elsewhere.close();
      await attempt("list", () => locks.list()[Symbol.asyncIterator]().next());
      await attempt("force", () => locks.forceRelease(name));
      await locks.close();
    }
    const locks = createLocks(transport, options);
    await attempt("flight", () => singleFlight(locks, "flight", { keep: "1m" }, () => 1));
    await locks.close();
    return failed;
  }

  test.each(CLIENTS)("of the rule are enough, by %s", async (kind) => {
    expect(rights.length).toBeGreaterThan(10);
    expect(await failures(await user(), kind)).toEqual({});
  });

  test.each(rights)("without %s something is refused, by an error that names it", async (right) => {
    const failed = await failures(await user(right));
    expect(Object.keys(failed).length).toBeGreaterThan(0);
    const named = right.startsWith("+z")
      ? "@sortedset"
      : right.startsWith("+")
        ? right.slice(1)
        : right.replace(/lock:\*$/, "*").replace(/^~(\*)?/, "");
    const messages = Object.values(failed).filter((message) => /NOPERM|can't run this command/.test(message));
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      expect(message).toContain("Allow this user ");
      expect(message.split("Allow this user ")[1]).toContain(named);
    }
    const said = tableUnder(page, "Rights").map(([cell]) => cell);
    expect(said.some((cell) => cell?.includes(`\`${right.replace("+", "")}\``))).toBe(true);
  });

  test.each(messages)("without %s who waits in line polls, and nothing is refused", async (right) => {
    expect(messages).toHaveLength(4);
    expect(await failures(await user(right))).toEqual({});
    const said = tableUnder(page, "Rights").map(([cell]) => cell);
    expect(said.some((cell) => cell?.includes(`\`${right.replace("+", "")}\``))).toBe(true);
  });

  test("let SCAN see the names of all keys", async () => {
    await redis.send("SET", "other:key", "somebody's");
    const limited = respClient(await user());
    expect(await limited.send("GET", "other:key")).toBeInstanceOf(RespError);
    const [, found] = (await limited.send("SCAN", "0", "COUNT", "1000")) as [Buffer, Buffer[]];
    expect(found.map(String)).toContain("other:key");
    limited.close();
  });

  test("that are missing cost what the table says", async () => {
    const without = async (right: string) => Object.keys(await failures(await user(right)));
    expect(await without("+scan")).toEqual(["list"]);
    expect(await without("~result.qdb:lock:*")).toEqual(["flight"]);
    expect(await without("~alive.dcr7:lock:*")).toEqual(["wait", "flight"]);
    expect(await without("~queue.b0v5:lock:*")).toEqual(["fair", "fair query"]);
    // A clean-up may be told of while the next thing is tried.
    for (const right of rights.filter((each) => /^\+z(?!count)/.test(each)))
      expect(["fair", "fair,fair query"]).toContain(String(await without(right)));
    expect(await without("+zcount")).toEqual(["fair query"]);
    expect(await without("+pexpire")).toEqual(expect.arrayContaining(["extend", "fair"]));
    expect((await without("+del")).sort()).toEqual(["fair", "flight", "force", "release"]);
    expect(await without("+time")).toContain("grant");
    expect(await without("+pttl")).toEqual(expect.arrayContaining(["verify", "query", "wait"]));
    expect(await without("+pttl")).not.toContain("grant");
  });
});

describe("rights at a Cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster?.stop());

  async function users(name: string, ...more: string[]): Promise<void> {
    for (const { host, port } of cluster.nodes) {
      const admin = respClient(`redis://${host}:${port}`);
      const rules = [...RULES.map((each) => each.replace("PASSWORD", "secret")), ...more];
      expect(text(await admin.send("ACL", "SETUSER", name, ...rules))).toBe("OK");
      admin.close();
    }
  }

  async function works(kind: ClientKind, username: string): Promise<unknown> {
    const use = async (transport: Transport) => {
      const locks = createLocks(transport, { wait: "2s" });
      for (const name of ["a", "b", "c"]) await locks.request(name, () => {});
      await locks.list()[Symbol.asyncIterator]().next();
    };
    if (kind === "ioredis") {
      const redisOptions = { username, password: "secret", maxRetriesPerRequest: 1 };
      const client = new Cluster(cluster.nodes, { redisOptions, clusterRetryStrategy: () => null });
      client.on("error", () => {});
      return (await outcome(use(ioredis(client)).finally(() => client.disconnect()))).error;
    }
    const client = createCluster({
      rootNodes: cluster.nodes.map(({ host, port }) => ({ socket: { host, port, reconnectStrategy: false } })),
      defaults: { username, password: "secret" },
    });
    client.on("error", () => {});
    const connected = await outcome(client.connect());
    if (connected.error) return connected.error;
    return (await outcome(use(nodeRedis(client)).finally(() => client.destroy()))).error;
  }

  test("are those of the rule and what the client asks the Cluster", { timeout: 60_000 }, async () => {
    for (const right of ["+cluster|slots", "+cluster|info", "+info"]) expect(page).toContain(`\`${right}\``);
    await users("none");
    await users("slots", "+cluster|slots");
    await users("both", "+cluster|slots", "+cluster|info");
    expect(await works("node-redis", "none")).toBeDefined();
    expect(await works("node-redis", "slots")).toBeUndefined();
    expect(await works("ioredis", "slots")).toBeDefined();
    expect(await works("ioredis", "both")).toBeUndefined();
  });
});
