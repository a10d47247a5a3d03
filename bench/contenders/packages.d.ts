// What is used of the peers. Theirs are in bench/node_modules, which is there only where the benchmarks were run; and
// redlock 5 has types that its exports do not lead to.
declare module "redlock" {
  export default class Redlock {
    constructor(clients: Iterable<unknown>, settings?: { retryCount?: number });
    acquire(resources: string[], duration: number): Promise<{ release(): Promise<unknown> }>;
  }
}

declare module "redlock-universal" {
  export class IoredisAdapter {
    constructor(client: unknown);
  }
  export class NodeRedisAdapter {
    constructor(client: unknown);
  }
  export interface Lock<Handle> {
    acquire(): Promise<Handle>;
    release(handle: Handle): Promise<boolean>;
  }
  export function createRedlock(options: {
    adapters: (IoredisAdapter | NodeRedisAdapter)[];
    key: string;
    ttl: number;
  }): Lock<{ readonly key: string }>;
  export function createLock(options: {
    adapter: IoredisAdapter | NodeRedisAdapter;
    key: string;
    ttl: number;
    retryAttempts?: number;
  }): Lock<{ readonly key: string }>;
}

declare module "redis-semaphore" {
  export class Mutex {
    constructor(
      client: unknown,
      key: string,
      options?: { lockTimeout?: number; acquireTimeout?: number; retryInterval?: number },
    );
    acquire(): Promise<void>;
    release(): Promise<void>;
  }
}

declare module "simple-redis-mutex" {
  export function lock(client: unknown, name: string, options?: { timeout?: number }): Promise<() => Promise<void>>;
}

declare module "@upstash/lock" {
  export class Lock {
    constructor(options: {
      redis: unknown;
      id: string;
      lease?: number;
      retry?: { attempts: number; delay: number };
    });
    acquire(): Promise<boolean>;
    release(): Promise<boolean>;
  }
}
