/**
 * Locks over ioredis.
 *
 * @module holdfast/ioredis
 */
import type { Transport } from "../src/transport.ts";
import { deleting, scripted } from "./support/scripted.ts";
import { type Subscriber, type SubscriberEvents, subscriptions } from "./support/subscriptions.ts";

/** What is used of an ioredis client. */
export interface IoredisClient {
  /** Sends a command, and resolves to Redis' reply. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** The client's own options. */
  options?: {
    /** Has to be empty. */
    keyPrefix?: string | undefined;
  };
  /** Another client with the same settings, for messages. */
  duplicate?(...options: never[]): unknown;
}

/** What is used of an ioredis cluster, beyond a client. */
export interface IoredisCluster extends IoredisClient {
  /** One client for each master, as `list()` needs them. */
  nodes(role: "master"): IoredisClient[];
}

/** Options of {@link ioredis}. */
export interface IoredisOptions {
  /**
   * Who waits in line is woken by a message. One more connection is made for that, when the first message is waited
   * for: a duplicate of the client, or of one node of the cluster. It is closed about a second after the last.
   * @default true, where the client can `duplicate()`
   */
  wakeups?: boolean | undefined;
}

/**
 * Locks over ioredis 5 or 6, `Redis` or `Cluster`. The client stays yours: its connection, its retries, its end.
 *
 * @param client Connected or not: ioredis connects by itself.
 * @param options Whether to listen for messages.
 * @throws {TypeError} if it is no ioredis client, or has a `keyPrefix`, which on a cluster would tear the keys of one
 *   lock apart: use the `prefix` option of `createLocks`.
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { createLocks } from "holdfast";
 * import { ioredis } from "holdfast/ioredis";
 *
 * const locks = createLocks(ioredis(new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379")));
 * ```
 */
export function ioredis(client: IoredisClient | IoredisCluster, options?: IoredisOptions): Transport;
/**
 * The same as a callback: `clients.map(ioredis)`.
 *
 * @param index Of the client in its array. Means nothing.
 */
export function ioredis(client: IoredisClient | IoredisCluster, index: number): Transport;
export function ioredis(client: IoredisClient | IoredisCluster, options: IoredisOptions | number = {}): Transport {
  const { wakeups = true } = options as IoredisOptions;
  if (typeof client?.call !== "function") throw new TypeError("ioredis() takes an ioredis Redis or Cluster.");
  if (client.options?.keyPrefix) {
    throw new TypeError("ioredis(): the client has a keyPrefix. Use a client without, and createLocks' option prefix.");
  }
  const transport: Transport = { ...deleting(over(client)), sharesProcess: true };
  if ("nodes" in client) transport.nodes = () => client.nodes("master").map(over);
  if (wakeups && client.duplicate) transport.wakeups = subscriptions((events) => subscriber(client, events));
  return transport;
}

function over(client: IoredisClient): Transport {
  return scripted(async (args) => client.call(...(args as [string])));
}

/** What is used of a duplicate. */
interface Duplicate {
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  stream?: { ref?(): void; unref?(): void };
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** What a client may be set to that a connection like this must not be. */
const OPTIONS = {
  lazyConnect: true,
  retryStrategy: null,
  reconnectOnError: null,
  autoResubscribe: false,
  enableOfflineQueue: true,
  enableReadyCheck: false,
  enableAutoPipelining: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  readOnly: false,
  keyPrefix: "",
  himportFieldsets: undefined,
};

function subscriber(client: IoredisClient | IoredisCluster, { message, ended }: SubscriberEvents): Subscriber {
  // A message reaches every node of a cluster, so any will do: another one each time.
  const nodes = "nodes" in client ? client.nodes("master") : [client];
  const node = nodes[Math.floor(Math.random() * nodes.length)] as { duplicate(options: object): Duplicate } | undefined;
  if (!node) throw new Error("the cluster has no node yet");
  const connection = node.duplicate(OPTIONS);
  connection.on("message", message);
  connection.on("error", ended);
  connection.on("end", () => ended());
  return {
    opened: connection.connect(),
    subscribe: (channel) => connection.subscribe(channel),
    unsubscribe: (channel) => connection.unsubscribe(channel),
    keepsAlive: (yes) => (yes ? connection.stream?.ref?.() : connection.stream?.unref?.()),
    close: () => connection.disconnect(),
  };
}
