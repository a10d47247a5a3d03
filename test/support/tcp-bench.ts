import { createLocks, type Locks, type LocksOptions } from "../../src/index.ts";
import { type KeyRing, keyRing } from "./key-ring.ts";
import { type RespClient, respClient } from "./resp.ts";
import { type ClientKind, type TcpClient, tcpClient } from "./tcp-clients.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export interface TcpBench extends KeyRing, AsyncDisposable {
  proxy: TcpProxy;
  /** Past the proxy, straight to Redis. */
  redis: RespClient;
  locks(options?: LocksOptions): Locks;
  close(): Promise<void>;
}

/** Locks over a client that reaches Redis through a network that can fail. */
export async function tcpBench(kind: ClientKind, redisUrl: string, prefix: string): Promise<TcpBench> {
  const { hostname, port, username, password } = new URL(redisUrl);
  const proxy = await startTcpProxy(Number(port || 6379), hostname);
  const url = new URL(proxy.url);
  Object.assign(url, { username, password });
  const redis = respClient(redisUrl);
  const client: TcpClient = await tcpClient(kind, url.href);
  async function close(): Promise<void> {
    client.close();
    await proxy.close();
    redis.close();
  }
  return {
    proxy,
    redis,
    ...keyRing(redis, prefix),
    locks: (options) => createLocks(client.transport, { prefix, ...options }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
