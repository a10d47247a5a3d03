import { setTimeout as sleep } from "node:timers/promises";
import { ioredis } from "holdfast/ioredis";
import { Redis } from "ioredis";
import type { Connection } from "./connection.ts";
import type { Server } from "./servers.ts";

/** By ioredis, which reconnects for as long as the command runs. Nothing is queued: a renewal is worth nothing later. */
export function overTcp(server: Server, timeout: number): Connection {
  const client = new Redis(server.url, {
    lazyConnect: true,
    connectTimeout: timeout,
    // Of the handshake, too, which is a part of connecting: a server that accepts and is silent is left, and tried again.
    commandTimeout: timeout,
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
  const connected = within(timeout, client.connect());
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
    answered: (error) => (error as Error).name === "ReplyError",
    close: () => client.disconnect(),
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
