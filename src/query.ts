import type { Core } from "./core.ts";
import { recordLife } from "./hold.ts";
import type { Keys } from "./keys.ts";
import { isName, keysOf } from "./keys.ts";
import { persist } from "./limit.ts";
import type { Settings } from "./options.ts";
import type { Send } from "./store.ts";
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
function ask<T>(core: Core, name: string | undefined, asked: string, limit: number, how: (send: Send) => Promise<T>) {
  const { clock } = core;
  return persist({ clock, limit, until: clock.monotonic() + limit, name, asked }, how);
}

export async function query(core: Core, keys: Keys, { commandTimeout }: Settings): Promise<LockSnapshot> {
  const found = await ask(core, keys.name, "report on", commandTimeout, (send) => core.store.query(keys, send));
  const remaining = found.outcome === "free" ? 0 : found.left < 0 ? Number.POSITIVE_INFINITY : found.left;
  const held = found.outcome === "held";
  const holders = held ? [{ owner: found.value || undefined, fence: found.fence, remaining }] : [];
  return { name: keys.name, held, kept: found.outcome === "kept", holders, remaining };
}

export async function* list(core: Core, settings: Settings): AsyncGenerator<LockSnapshot> {
  const { prefix, commandTimeout } = settings;
  const send: Send = (command) => ask(core, undefined, "list", commandTimeout, (limited) => limited(command));
  for await (const key of core.store.scan(prefix, send)) {
    const name = key.slice(prefix.length);
    if (!isName(name)) continue;
    const snapshot = await query(core, keysOf(prefix, name), settings);
    if (snapshot.held || snapshot.kept) yield snapshot;
  }
}

/** For operators: takes the lock from whoever has it, then frees it. */
export async function forceRelease(core: Core, keys: Keys, settings: Settings): Promise<boolean> {
  const { clock, store } = core;
  const { commandTimeout, owner } = settings;
  const grant = { ...settings, token: mintToken(clock, owner), fence: true, life: recordLife(settings) };
  const taken = await ask(core, keys.name, "free", commandTimeout, async (send) => {
    for (;;) {
      const answer = await store.force(keys, grant, send);
      if (answer.outcome !== "busy") return answer.outcome === "granted";
    }
  });
  if (!taken) return false;
  await ask(core, keys.name, "free", commandTimeout, (send) => store.release(keys, grant, 0, send));
  return true;
}
