import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { isLockError, type LockEvent, type Transport } from "../../src/index.ts";
import * as queue from "../../src/queue-scripts.ts";
import * as scripts from "../../src/scripts.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

const KNOWN: ReadonlySet<unknown> = new Set(Object.values({ ...scripts, ...queue }));

/** A request, as the transport got it. */
export interface Sent {
  script: string | undefined;
  keys: string[];
  args: string[];
}

/** A store on a virtual clock, with a look at everything that is sent to it. */
export interface Watched {
  clock: VirtualClock;
  store: MemoryTransport;
  sent: Sent[];
  transport: Transport;
  events: LockEvent[];
}

export function watched(through: (store: Transport) => Transport = (store) => store): Watched {
  const clock = virtualClock();
  const store = memory({ clock });
  const sent: Sent[] = [];
  const inner = through(store);
  const transport: Transport = {
    set(key, value, options) {
      sent.push({ script: undefined, keys: [key], args: [value] });
      return inner.set(key, value, options);
    },
    eval(script, keys, args) {
      sent.push({ script, keys, args });
      return inner.eval(script, keys, args);
    },
  };
  return { clock, store, sent, transport, events: [] };
}

/** Fails if a request has a script that is not ours, a key outside the prefix, or what is no text. */
export function assertInside({ sent }: Watched, prefix: string): void {
  for (const { script, keys, args } of sent) {
    if (script !== undefined && !KNOWN.has(script)) throw new Error(`a script that is not ours: ${script}`);
    for (const key of keys) {
      if (!["", "fence.7t5:", "alive.dcr7:", "queue.b0v5:"].some((auxiliary) => key.startsWith(auxiliary + prefix)))
        throw new Error(`a key outside: ${key}`);
    }
    for (const arg of args) if (typeof arg !== "string") throw new Error(`an argument that is no text: ${String(arg)}`);
  }
}

export type Ending<T> = { value: T; error?: undefined } | { value?: undefined; error: Error };

/** How a call ended: with a value, or with an error, which has to be one of the library's; and in time. */
export async function ending<T>(
  { clock }: Watched,
  limit: number,
  call: () => T | Promise<T>,
  ...codes: string[]
): Promise<Ending<T>> {
  const began = clock.monotonic();
  const settled = clock.runUntilSettled((async () => call())());
  const end = await settled.then(
    (value): Ending<T> => ({ value: value as T }),
    (error: Error): Ending<T> => ({ error }),
  );
  const lasted = clock.monotonic() - began;
  if (lasted > limit) throw new Error(`took ${lasted} ms, not ${limit}`);
  if (!end.error) return end;
  if (!isLockError(end.error)) throw new Error("not an error of the library", { cause: end.error });
  if (!codes.includes(end.error.code)) throw new Error("not an error to expect here", { cause: end.error });
  return end;
}

/** Every text in a value, its errors' causes and stacks included. */
export function texts(value: unknown, seen: Set<unknown> = new Set()): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || seen.has(value)) return "";
  seen.add(value);
  return Reflect.ownKeys(value)
    .map((key) => `${String(key)} ${texts((value as Record<PropertyKey, unknown>)[key], seen)}`)
    .join("\n");
}
