import { cleanUp } from "./clean-up.ts";
import type { Core } from "./core.ts";
import { LockTimeoutError } from "./errors.ts";
import type { Keys } from "./keys.ts";
import { keysIfValid } from "./keys.ts";
import type { Send } from "./limit.ts";
import { persist } from "./limit.ts";
import type { Settings } from "./options.ts";
import { mintToken } from "./token.ts";

/** One holder of a lock. */
export interface LockHolder {
  /** The `owner` label, if it has one. */
  owner: string | undefined;
  /** Its fencing token, if it has one. */
  fence: number | undefined;
  /** Milliseconds until Redis frees the lock if nobody extends it; `Infinity` if something without expiry is there. */
  remaining: number;
}

/** Who has a lock, as Redis said when it was asked. */
export interface LockSnapshot {
  name: string;
  /** Whether somebody holds it. */
  held: boolean;
  /** Whether it was released but is kept until its `minHold`: nobody holds it, nobody can take it. */
  kept: boolean;
  holders: LockHolder[];
  /** Milliseconds until the name is free by itself; 0 when it is free. */
  remaining: number;
  /** How many wait for it, where that is known. */
  waiting?: number;
}

/** Asks until answered, for at most the limit of one command. */
function ask<T>(
  { clock }: Core,
  name: string,
  asked: string,
  { commandTimeout: limit }: Settings,
  how: (send: Send) => Promise<T>,
) {
  return persist({ clock, name, asked, limit }, how);
}

export async function query(core: Core, keys: Keys, settings: Settings): Promise<LockSnapshot> {
  const { name } = keys;
  const found = await ask(core, name, "report on", settings, (send) => core.store.query(keys, send));
  const { outcome, left, value, fence } = found;
  const held = outcome === "held";
  const remaining = outcome === "free" ? 0 : left < 0 ? Number.POSITIVE_INFINITY : left;
  const holders = held ? [{ owner: value || undefined, fence, remaining }] : [];
  return { name, held, kept: outcome === "kept", holders, remaining };
}

export async function* list(core: Core, settings: Settings): AsyncGenerator<LockSnapshot> {
  const { prefix } = settings;
  const seen = new Set<string>();
  const send: Send = (command) => ask(core, prefix, "list", settings, (limited) => limited(command));
  for await (const key of core.store.scan(prefix, send)) {
    const keys = keysIfValid(prefix, key.slice(prefix.length));
    if (!keys || seen.has(key)) continue;
    seen.add(key);
    const snapshot = await query(core, keys, settings);
    if (snapshot.remaining) yield snapshot;
  }
}

/** For operators: takes the lock from whoever has it, then frees it. */
export async function forceRelease(core: Core, keys: Keys, settings: Settings): Promise<boolean> {
  const { store, clock } = core;
  const { name } = keys;
  const { ttl, life, owner, commandTimeout } = settings;
  const grant = { token: mintToken(clock, owner), ttl, fence: true, life };
  const began = clock.monotonic();
  try {
    for (let attempts = 1; ; attempts++) {
      const { outcome } = await ask(core, name, "free", settings, (send) => store.force(keys, grant, send));
      if (outcome === "granted") break;
      if (outcome !== "busy") return false;
      const waited = Math.round(clock.monotonic() - began);
      if (core.closing || waited >= commandTimeout) {
        const message = `${JSON.stringify(name)} went from holder to holder for all of ${waited} ms. Stop them first.`;
        throw new LockTimeoutError(message, { lockName: name, waited, attempts });
      }
    }
    await ask(core, name, "free", settings, (send) => store.release(keys, grant, 0, send));
    return true;
  } catch (error) {
    // It may have been taken without our knowing, and would have a holder that nobody is.
    cleanUp(core, keys, grant, settings);
    throw error;
  }
}
