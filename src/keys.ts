import { LockOptionsError } from "./errors.ts";
import { refuse, utf8Length } from "./options.ts";

/** The two keys of one name. */
export interface Keys {
  name: string;
  lock: string;
  record: string;
}

/**
 * Prefixes of auxiliary keys. The CRC16 of each is 0 and none has a brace, so that on Redis Cluster prefix + key has
 * the slot of key whatever the key, hash tags included. `{key}:suffix` is wrong for keys that contain braces.
 */
export const AUXILIARY = { record: "fence.7t5:", queue: "queue.b0v5:", result: "result.qdb:", alive: "alive.dcr7:" } as const;

/** Whether a key is one of ours that is no lock. */
export function isAuxiliary(key: string): boolean {
  return Object.values(AUXILIARY).some((prefix) => key.startsWith(prefix));
}

/** Whether a lock can be called this. */
export function isName(name: unknown): name is string {
  const bytes = typeof name === "string" && utf8Length(name);
  return !!bytes && bytes <= 1024;
}

/** Checks a name and makes its keys. */
export function keysOf(prefix: string, name: unknown): Keys {
  if (!isName(name)) refuse("The name of the lock", name, "well-formed text of 1 to 1024 bytes in UTF-8");
  if (utf8Length(prefix) === undefined) refuse("prefix", prefix, "well-formed text");
  const lock = prefix + name;
  if (isAuxiliary(lock)) {
    throw new LockOptionsError(`The key ${JSON.stringify(lock)} would be taken for one of holdfast's own: choose another prefix or name.`);
  }
  return { name, lock, record: AUXILIARY.record + lock };
}
