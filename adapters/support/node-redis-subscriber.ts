import type { Subscriber, SubscriberEvents } from "./subscriptions.ts";

/** What is used of a node-redis client or pool. */
export interface NodeRedisClient {
  /** Sends a command, given as texts, and resolves to Redis' reply. */
  sendCommand(args: string[]): Promise<unknown>;
  /** Of a client: another one with the same settings, for messages. */
  duplicate?(...options: never[]): unknown;
  /** Of a pool: lends one of its clients. */
  execute?(...task: never[]): unknown;
}

/** What is used of a node-redis cluster. */
export interface NodeRedisCluster {
  /** Sends a command to the server that has this key, or to any if there is none. */
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
  /** The masters, as `list()` needs them. */
  masters: {
    /** Any text. */
    id: string;
  }[];
  /** The client of a master, or a promise of it. */
  // biome-ignore lint/suspicious/noExplicitAny: the versions disagree on the types of a node, and of its client
  nodeClient(node: any): any;
}

/** A client that can be duplicated, and what is used of its duplicate. */
interface Original {
  options?: { socket?: object };
  duplicate(options: object): Duplicate;
}

export interface Duplicate {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  ref(): void;
  unref(): void;
  destroy?(): void;
  disconnect(): Promise<unknown>;
  on(event: string, listener: (error?: unknown) => void): unknown;
}

/** How a connection like the client's own is made; a pool and a cluster have clients that can be asked. */
export function duplicator(
  client: NodeRedisClient | NodeRedisCluster,
): (() => Duplicate | Promise<Duplicate>) | undefined {
  if ("masters" in client) {
    return async () => {
      // A message reaches every node of a cluster, so any will do: another one each time.
      const { masters } = client;
      const node = masters[Math.floor(Math.random() * masters.length)];
      if (!node) throw new Error("the cluster has no node yet");
      return duplicate(await client.nodeClient(node));
    };
  }
  if (client.duplicate) return () => duplicate(client as Original);
  const pool = client as { execute?(task: (client: Original) => Duplicate): Promise<Duplicate> };
  return pool.execute && (async () => (await pool.execute?.(duplicate)) as Duplicate);
}

/** Without what a client may be set to that a connection like this must not be. */
function duplicate(client: Original): Duplicate {
  return client.duplicate({
    socket: { ...client.options?.socket, reconnectStrategy: false, socketTimeout: undefined },
    disableOfflineQueue: false,
    readonly: false,
    clientSideCache: undefined,
  });
}

export function subscriber(
  make: () => Duplicate | Promise<Duplicate>,
  { message, ended }: SubscriberEvents,
): Subscriber {
  let connection: Duplicate | undefined;
  let closed = false;
  let before: Promise<unknown> = Promise.resolve();

  async function open(): Promise<void> {
    connection = await make();
    if (closed) return;
    connection.on("error", ended);
    connection.on("end", () => ended());
    await connection.connect();
    if (closed) await close();
  }

  async function close(): Promise<void> {
    closed = true;
    // It throws when there is nothing to close.
    try {
      await (connection?.destroy ? connection.destroy() : connection?.disconnect());
    } catch {}
  }

  // node-redis forgets who subscribes to a channel again before it has heard that it is unsubscribed.
  function inTurn(send: () => Promise<unknown> | undefined): Promise<unknown> {
    const sent = before.then(send);
    before = sent.catch(() => {});
    return sent;
  }

  return {
    opened: open(),
    subscribe: (channel) => inTurn(() => connection?.subscribe(channel, (text, from) => message(from, text))),
    unsubscribe: (channel) => inTurn(() => connection?.unsubscribe(channel)),
    keepsAlive: (yes) => (yes ? connection?.ref() : connection?.unref()),
    close: () => void close(),
  };
}
