/** Stands for the clients and their adapters where a sample is run: the same program, over memory. */
import { type MemoryTransport, memory } from "../../adapters/memory.ts";

export class Redis {
  readonly url: string | undefined;

  constructor(url?: string) {
    this.url = url;
  }

  async quit(): Promise<void> {}
}

export const ioredis: (client: Redis) => MemoryTransport = () => memory();
