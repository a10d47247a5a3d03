import type { Call } from "./core.ts";
import { loading } from "./loading.ts";

type Contention = typeof import("./contention.ts");

let contention: Contention | undefined;

/** Whether a call needs more than polling. */
export const competes = ({ fair, store }: Call): boolean => fair || !!store.wire?.sharesProcess;

/** The same call, as one of those who compete. Most locks never need what this takes: it is loaded when the first does. */
export async function contended(call: Call): Promise<Call> {
  if (!competes(call)) return call;
  contention ??= await load();
  return contention.contend(call);
}

/** Each for itself: in a Worker a promise of another request never settles. */
function load(): Promise<Contention> {
  const loaded = import("./contention.ts");
  const done = () => loading.delete(loaded);
  loading.add(loaded);
  loaded.then(done, done);
  return loaded;
}
