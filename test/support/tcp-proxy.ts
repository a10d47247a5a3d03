import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Direction = "both" | "requests" | "replies";

export interface TcpProxy {
  port: number;
  /** redis://127.0.0.1:port */
  url: string;
  /** How many connections are open. */
  readonly connections: number;
  /** Breaks every connection; what was held back is lost. New ones are accepted. */
  cut(): void;
  /**
   * Holds back what is sent, while connections stay open and new ones are accepted. Turned off again
   * everything held arrives late and in order, as TCP does after an outage; `cut` first to lose it.
   */
  blackhole(on: boolean, direction?: Direction): void;
  /** Milliseconds that each direction takes from now on, so a round trip takes twice as long. */
  delay(ms: number): void;
  /** Breaks every connection, and forwards new ones to this port: where the server is now. */
  retarget(port: number): void;
  close(): Promise<void>;
}

/** Forwards 127.0.0.1 to a Redis port, through a network that misbehaves on request. */
export async function startTcpProxy(targetPort: number, targetHost = "127.0.0.1"): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const flows = new Set<() => void>();
  const held = { requests: false, replies: false };
  let target = targetPort;
  let latency = 0;
  let open = 0;

  function forward(from: Socket, to: Socket, direction: keyof typeof held): void {
    const queue: { bytes: Buffer | null; due: number }[] = [];
    let timer: NodeJS.Timeout | undefined;
    const flow = () => {
      clearTimeout(timer);
      for (let head = queue[0]; head && !held[direction]; head = queue[0]) {
        const early = head.due - performance.now();
        if (early > 0) {
          timer = setTimeout(flow, early);
          return;
        }
        queue.shift();
        if (head.bytes) to.write(head.bytes);
        else to.destroySoon();
      }
    };
    const enqueue = (bytes: Buffer | null) => {
      queue.push({ bytes, due: performance.now() + latency });
      flow();
    };
    flows.add(flow);
    from.on("data", enqueue);
    from.on("close", () => enqueue(null));
    to.on("close", () => {
      clearTimeout(timer);
      queue.length = 0;
      flows.delete(flow);
    });
  }

  const server = createServer((client) => {
    const upstream = connect(target, targetHost);
    open++;
    client.on("close", () => open--);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    forward(client, upstream, "requests");
    forward(upstream, client, "replies");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get connections() {
      return open;
    },
    cut,
    blackhole(on, direction = "both") {
      if (direction !== "replies") held.requests = on;
      if (direction !== "requests") held.replies = on;
      for (const flow of [...flows]) flow();
    },
    delay(ms) {
      latency = ms;
    },
    retarget(port) {
      target = port;
      cut();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
