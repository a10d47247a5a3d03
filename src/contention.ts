import type { Call } from "./core.ts";
import { inLine } from "./fair.ts";
import { inTurn } from "./hand-over.ts";

/**
 * The same call, as one among others that want the lock. What only such calls need is loaded when the first of them is
 * made: later.ts.
 */
export function contend(call: Call): Call {
  return call.fair ? inLine(call) : inTurn(call);
}
