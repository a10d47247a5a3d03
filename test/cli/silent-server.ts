import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { inject } from "vitest";

export interface Silent {
  url: string;
  /** How many connections were accepted. */
  accepted(): number;
  /** How many requests came after the last reply. */
  unanswered(): number;
  /** Breaks every connection. */
  cut(): void;
  close(): void;
}

export interface SilentOptions {
  /** The connections that are led to Redis, by their number from 1. By default none is. */
  leads?: (nth: number) => boolean;
  /** Where they are led to. By default to the shared server. */
  url?: string;
  /** Sees each reply that was passed on. From the one on for which it is true nothing is answered any more. */
  last?: (reply: string) => boolean;
}

/** Accepts connections, and says nothing; or says for a while what Redis says. */
export async function startSilent({
  leads = () => false,
  url = inject("redisUrl"),
  last = () => false,
}: SilentOptions = {}): Promise<Silent> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => sockets.add(socket.on("error", () => {}));
  let accepted = 0;
  let silent = false;
  let unanswered = 0;
  const server = createServer((socket) => {
    keep(socket);
    if (!leads(++accepted)) return void socket.resume();
    const redis = connect(Number(port || 6379), hostname);
    keep(redis);
    socket.on("data", (request) => {
      if (silent) unanswered++;
      else redis.write(request);
    });
    redis.on("data", (reply) => {
      if (silent) return;
      socket.write(reply);
      silent = last(reply.toString("latin1"));
    });
    socket.on("close", () => redis.destroy());
    redis.on("close", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted: () => accepted,
    unanswered: () => unanswered,
    cut,
    close() {
      server.close();
      cut();
    },
  };
}
