/** What is used here of Bun's Redis client. */
export interface BunRedis {
  send(command: string, args: string[]): Promise<unknown>;
  close(): void;
}

declare const Bun: { RedisClient: new (url: string) => BunRedis };

/** Bun's own client; only Bun has it. */
export function client(url: string): BunRedis {
  return new Bun.RedisClient(url);
}

/** How `command` wants it. */
export function commandOf(redis: BunRedis): (args: string[]) => Promise<unknown> {
  return ([name = "", ...args]) => redis.send(name, args);
}
