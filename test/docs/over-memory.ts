/** Stands for the clients and their adapters where a sample is run: the same program, over memory. */
import { type MemoryTransport, memory } from "../../adapters/memory.ts";

export default class Redis {
  readonly url: string | undefined;

  constructor(url?: string) {
    this.url = url;
  }

  async quit(): Promise<void> {}
}

export const ioredis: (client: Redis) => MemoryTransport = () => memory();

interface NodeRedis {
  on(): NodeRedis;
  connect(): Promise<NodeRedis>;
  close(): Promise<void>;
}

/** node-redis, as far as the samples use it. */
export function createClient(): NodeRedis {
  const client: NodeRedis = { on: () => client, connect: async () => client, close: async () => {} };
  return client;
}

export const nodeRedis: (client: unknown) => MemoryTransport = () => memory();
