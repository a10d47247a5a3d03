import { ioredis } from "holdfast/ioredis";
import { Redis } from "ioredis";
import type { Connection } from "./connection.ts";
import type { Server } from "./servers.ts";

/** By ioredis, which reconnects for as long as the command runs. Nothing is queued: a renewal is worth nothing later. */
export function overTcp(server: Server, timeout: number): Connection {
  const client = new Redis(server.url, {
    lazyConnect: true,
    connectTimeout: timeout,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // It would need the permission for INFO. LOADING is an answer that the library knows.
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: (times) => Math.min(times * 50, 500),
  });
  let reason: Error | undefined;
  client.on("error", (error) => {
    reason = error;
  });
  // Started here, so that several servers are reached at once. Who needs to know asks `ready`.
  const connected = client.connect();
  connected.catch(() => {});
  return {
    server,
    // It wants one lock: there is nobody here to hand it to.
    transport: { ...ioredis(client, { wakeups: false }), sharesProcess: false },
    ready: () =>
      connected.catch((error) => {
        throw reason ?? error;
      }),
    command: (name, ...args) => client.call(name, ...args),
    close: () => client.disconnect(),
  };
}
