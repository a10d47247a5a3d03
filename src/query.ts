import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { LockTimeoutError } from "./errors.ts";
import { keysIfValid } from "./keys.ts";
import type { Send } from "./limit.ts";
import { persist } from "./limit.ts";
import { mintToken } from "./token.ts";

/** One holder of a lock, as {@link LockSnapshot} has it. */
export interface LockHolder {
  /** The `owner` label; `undefined` if it has none. */
  owner: string | undefined;
  /** Its fencing token; `undefined` if it took none (`fence: false`), or is another program's. */
  fence: number | undefined;
  /** Milliseconds until Redis frees the lock if nobody extends it; `Infinity` if something without expiry is there. */
  remaining: number;
}

/** Who has a lock, as Redis said when it was asked: it may have changed by the time it is read. */
export interface LockSnapshot {
  /** The name of the lock, without the prefix. */
  name: string;
  /** Whether somebody holds it. */
  held: boolean;
  /** Whether it was released but is kept until its `minHold`: nobody holds it, nobody can take it. */
  kept: boolean;
  /** Who holds it: one, or none when it is free or kept. */
  holders: LockHolder[];
  /** Milliseconds until the name is free by itself; 0 when it is free, `Infinity` if something without expiry is there. */
  remaining: number;
  /**
   * How many stand in line for it: by `query` of locks whose default is `fair: true`, which asks Redis once more for it;
   * otherwise it is not there. One that died counts until its place lapses and comes to the front.
   */
  waiting?: number;
}

export async function query(call: Call): Promise<LockSnapshot> {
  const { name, store } = call;
  const answer = await persist(call, "report on", (send) => store.query(call, send));
  const { outcome, left, label, fence, waiting = -1 } = answer;
  const held = outcome === "held";
  const remaining = outcome === "free" ? 0 : left < 0 ? Infinity : left;
  const holders = held ? [{ owner: label || undefined, fence, remaining }] : [];
  return { name, held, kept: outcome === "kept", holders, remaining, ...(waiting >= 0 && { waiting }) };
}

export async function* list(call: Call): AsyncGenerator<LockSnapshot> {
  const { prefix, store } = call;
  const seen = new Set<string>();
  const send: Send = (command) => persist({ ...call, name: prefix }, "list", (limited) => limited(command));
  for await (const key of store.scan(call, send)) {
    const keys = keysIfValid(prefix, key.slice(prefix.length));
    if (!keys || seen.has(key)) continue;
    seen.add(key);
    const snapshot = await query({ ...call, ...keys });
    if (snapshot.remaining) yield snapshot;
  }
}

/** For operators: takes the lock from whoever has it, then frees it. */
export async function forceRelease(options: Call): Promise<boolean> {
  const call = { ...options, fence: true };
  const { store, clock, core, name, commandTimeout } = call;
  const token = mintToken(call);
  const began = clock.monotonic();
  try {
    for (let attempts = 1; ; attempts++) {
      const { outcome } = await persist(call, "free", (send) => store.force(call, token, send));
      if (outcome === "granted") break;
      if (outcome !== "busy") return false;
      const waited = Math.round(clock.monotonic() - began);
      if (core.closing || waited >= commandTimeout) {
        const message = `${JSON.stringify(name)} went from holder to holder for all of ${waited} ms. Stop them first.`;
        throw new LockTimeoutError(message, { lockName: name, waited, attempts });
      }
    }
    await persist(call, "free", (send) => store.release(call, token, 0, send));
    return true;
  } catch (error) {
    // It may have been taken without our knowing, and would have a holder that nobody is. After a close its ttl ends that.
    if (!core.closing) void cleanUp(call, token);
    throw error;
  }
}
