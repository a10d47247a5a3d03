// What is used of two libraries without types: redlock 4 has none, and those of redlock 5 are not reached by its exports.
declare module "redlock4" {
  export interface Lock {
    value: string;
    expiration: number;
    unlock(): Promise<void>;
    extend(ttl: number): Promise<Lock>;
  }
  export default class Redlock {
    constructor(clients: unknown[], options?: { retryCount?: number; retryDelay?: number; retryJitter?: number });
    lock(resource: string | string[], ttl: number): Promise<Lock>;
  }
}

declare module "redlock5" {
  export interface Settings {
    retryCount?: number;
    retryDelay?: number;
    retryJitter?: number;
    automaticExtensionThreshold?: number;
  }
  export interface Lock {
    value: string;
    expiration: number;
    release(): Promise<unknown>;
    extend(duration: number): Promise<Lock>;
  }
  export class ExecutionError extends Error {}
  export default class Redlock {
    constructor(clients: Iterable<unknown>, settings?: Settings);
    acquire(resources: string[], duration: number, settings?: Settings): Promise<Lock>;
    using<T>(resources: string[], duration: number, routine: (signal: AbortSignal) => Promise<T>): Promise<T>;
  }
}
