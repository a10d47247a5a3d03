// What is used of two libraries without types: redlock 4 has none, and those of redlock 5 are not reached by its exports.
declare module "redlock4" {
  import type { EventEmitter } from "node:events";

  export interface Lock {
    value: string;
    expiration: number;
    unlock(callback?: (error: unknown) => void): Promise<void>;
    extend(ttl: number): Promise<Lock>;
  }
  export default class Redlock extends EventEmitter {
    constructor(clients: unknown[], options?: { retryCount?: number; retryDelay?: number; retryJitter?: number });
    lock(resource: string | string[], ttl: number, callback?: (error: unknown, lock: Lock) => void): Promise<Lock>;
    disposer(resource: string, ttl: number): object;
  }
}

declare module "redlock5" {
  import type { EventEmitter } from "node:events";

  export interface Settings {
    driftFactor: number;
    retryCount: number;
    retryDelay: number;
    retryJitter: number;
    automaticExtensionThreshold: number;
  }
  export interface Attempt {
    votesFor: Set<unknown>;
    votesAgainst: Map<unknown, Error>;
  }
  export interface Lock {
    value: string;
    expiration: number;
    attempts: Promise<Attempt>[];
    release(): Promise<unknown>;
    extend(duration: number): Promise<Lock>;
  }
  export class ExecutionError extends Error {
    attempts: Promise<Attempt>[];
  }
  export default class Redlock extends EventEmitter {
    settings: Settings;
    constructor(clients: Iterable<unknown>, settings?: Partial<Settings>);
    acquire(resources: string[], duration: number, settings?: Partial<Settings>): Promise<Lock>;
    using<T>(
      resources: string[],
      duration: number,
      routine: (signal: AbortSignal & { error?: Error }) => Promise<T>,
    ): Promise<T>;
    quit(): Promise<void>;
  }
}
