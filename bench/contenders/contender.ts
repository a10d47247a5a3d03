/** Where the servers of a work are. */
export interface Place {
  /** Of Redis, on this machine. */
  port: number;
  /** Of the REST server in front of it. */
  url?: string;
  token?: string;
}

export type Release = () => Promise<unknown>;

/** A library with a connection of its own. */
export interface Opened {
  /** Waits for the lock as long as that takes. Who differ in `waiter` stand apart, as in processes of their own. */
  take(name: string, waiter?: number): Promise<Release>;
  close(): Promise<unknown>;
}

/** A library that locks, in one of its ways. */
export interface Contender {
  name: string;
  over: "TCP" | "REST";
  /** @throws {Unsupported} if this build, or this installation, does not have it. */
  open(place: Place): Promise<Opened>;
}

/** Longer than anything here takes. */
export const TTL = 10_000;

/** What takes no part, and why: a row of the table says so. */
export class Unsupported extends Error {
  override name = "Unsupported";
}

/** A peer, which is there only where the benchmarks' own packages are installed. */
export async function peer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Unsupported(`${name} is not installed`);
  }
}
