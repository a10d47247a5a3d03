import { fits, refuse } from "./read-options.ts";

/** The two keys of one name. */
export interface Keys {
  name: string;
  lock: string;
  recordKey: string;
}

const RECORD = "fence.7t5:";
/** In front of the result of a single flight. */
export const RESULT = "result.qdb:";

/** In front of the key that holds the mark of who waits elsewhere. */
export const MARK = "alive.dcr7:";

/** In front of the key of a waiting line. */
export const QUEUE = "queue.b0v5:";

/**
 * Prefixes of auxiliary keys. The CRC16 of each is 0 and none has a brace, so that on Redis Cluster prefix + key has
 * the slot of key whatever the key, hash tags included. `{key}:suffix` is wrong for keys that contain braces.
 */
export const AUXILIARY: readonly string[] = [RECORD, QUEUE, RESULT, MARK];

/** The keys of a name; `undefined` if no lock can be called this. */
export function keysIfValid(prefix: string, name: unknown): Keys | undefined {
  if (!name || !fits(name, 1024) || !fits(prefix, 1024)) return undefined;
  const lock = prefix + name;
  return AUXILIARY.some((auxiliary) => lock.startsWith(auxiliary))
    ? undefined
    : { name, lock, recordKey: RECORD + lock };
}

/** The keys of a name, which it checks. */
export function keysOf(prefix: string, name: unknown): Keys {
  return (
    keysIfValid(prefix, name) ??
    refuse(
      "The name",
      name,
      `well-formed text of 1 to 1024 bytes, which after the prefix does not start with ${AUXILIARY.join(" ")}`,
    )
  );
}
