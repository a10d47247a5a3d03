// What is used of two peers: theirs are in bench/node_modules, which is there only where the benchmarks were run, and
// redlock 5 has types that its exports do not lead to. The types of the others come from test/migrating, by tsconfig.json.
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
