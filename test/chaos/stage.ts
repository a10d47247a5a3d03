import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, type RespReply, respClient, text } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import type { Link } from "./messages.ts";

/** Starts a Redis; the clock's scenarios have one of their own. */
export type Start = typeof startRedis;

/** A Redis, and the network between it and each worker, all of which can fail. */
export interface Stage {
  readonly server: RedisServer;
  readonly rest: RestServer;
  /** The proxies that stand before Redis itself. */
  readonly gates: ReadonlySet<TcpProxy>;
  /** Past every proxy. */
  admin(...command: string[]): Promise<RespReply>;
  /** A way of its own for each worker: ioredis, node-redis and REST in turn. */
  connect(index: number): Promise<{ link: Link; proxy: TcpProxy }>;
  /** SIGKILL, and a new start: with its data, which it logs at every write, or without. */
  restart(data: "kept" | "lost"): Promise<void>;
  /** From now on the clients reach this one; `undefined`: the first again. The other is the caller's. */
  promote(server: RedisServer | undefined): void;
  close(): Promise<void>;
}

export async function openStage(start: Start = startRedis): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-chaos-"));
  const log = ["--appendonly", "yes", "--appendfsync", "always", "--aof-load-truncated", "yes"];
  let server = await start({ dir, args: log });
  let admin: RespClient = respClient(server.url);
  let promoted: RedisServer | undefined;
  const gates = new Set<TcpProxy>();
  const proxies = new Set<TcpProxy>();

  async function gate(): Promise<TcpProxy> {
    const proxy = await startTcpProxy((promoted ?? server).port);
    gates.add(proxy);
    proxies.add(proxy);
    return proxy;
  }
  const rest = await startRestServer({ redisUrl: (await gate()).url });

  async function connect(index: number): Promise<{ link: Link; proxy: TcpProxy }> {
    if (index % 3 < 2) {
      const proxy = await gate();
      return { proxy, link: { kind: index % 3 ? "node-redis" : "ioredis", url: proxy.url } };
    }
    const proxy = await startTcpProxy(Number(new URL(rest.url).port));
    proxies.add(proxy);
    return { proxy, link: { kind: "upstash", url: `http://127.0.0.1:${proxy.port}`, token: rest.token } };
  }

  return {
    get server() {
      return promoted ?? server;
    },
    rest,
    gates,
    connect,
    admin: (...command) => admin.send(...command),
    async restart(data) {
      const { port } = server;
      await server.kill("SIGKILL");
      await server.stop();
      if (data === "lost") await rm(join(dir, "appendonlydir"), { recursive: true, force: true });
      if (data === "lost") await rm(join(dir, "appendonly.aof"), { force: true });
      server = await start({ dir, port, args: log });
    },
    promote(next) {
      promoted = next;
      admin.close();
      admin = respClient((next ?? server).url);
      for (const proxy of gates) proxy.retarget((next ?? server).port);
    },
    async close() {
      admin.close();
      await rest.close();
      await Promise.all([...proxies].map((proxy) => proxy.close()));
      await server.kill("SIGCONT").catch(() => {});
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Every key but the records, lines and marks, which may outlive the locks and expire by themselves. */
export async function keysLeft(stage: Stage): Promise<string[]> {
  const left: string[] = [];
  for (const key of ((await stage.admin("KEYS", "*")) as Buffer[]).map(String)) {
    const pttl = (await stage.admin("PTTL", key)) as number;
    if (pttl !== -2 && !(/^(fence\.7t5|queue\.b0v5|alive\.dcr7):/.test(key) && pttl > 0))
      left.push(`${key} (${pttl} ms)`);
  }
  return left;
}

export async function expectOk(stage: Stage, ...command: string[]): Promise<void> {
  const reply = text(await stage.admin(...command));
  if (reply !== "OK") throw new Error(`${command.join(" ")} was answered ${reply}`);
}
