/** The libraries that lock by `SET NX` on a key, behind the same few calls, so that one suite tries them all. */
import { Redis } from "ioredis";

/** A lock of theirs. */
export interface Held {
  release(): Promise<unknown>;
  /** For so many milliseconds from now on, or more. */
  extend?(ms: number): Promise<unknown>;
}

/** A library with its clients. */
export interface Library {
  /** One attempt: `null` when it was told, in whatever way, that it has not got the lock. */
  take(name: string, ttl: number): Promise<Held | null>;
  /** Waits, with pauses of 20 ms where they can be set. */
  wait(name: string, ttl: number): Promise<Held>;
  /** Holds the lock with the library's own renewal while `work` runs, if it has renewal. */
  renewing?(name: string, ttl: number, work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Where the servers are: Redis by TCP, one or three of them, and one of them by REST. */
export interface Servers {
  urls: string[];
  rest: { url: string; token: string };
}

export interface Entry {
  library: string;
  /** What it puts before a name. */
  prefix: string;
  open(servers: Servers): Promise<Library>;
}

/** Between two attempts, milliseconds. */
export const PAUSE = 20;
/** Attempts of who waits. */
export const ENOUGH = 500;

export async function ioredisClients({ urls }: Pick<Servers, "urls">): Promise<{ clients: Redis[]; close(): void }> {
  const clients = urls.map((url) => new Redis(url));
  for (const client of clients) client.on("error", () => {});
  await Promise.all(clients.map((client) => client.ping()));
  return { clients, close: () => clients.forEach((client) => void client.disconnect()) };
}

/** A rejection that says no, as `null`; any other passes. */
export async function orNull<T>(taking: Promise<T>, saysNo: RegExp): Promise<T | null> {
  try {
    return await taking;
  } catch (error) {
    if (!saysNo.test(String((error as Error).message))) throw error;
    return null;
  }
}
