// Those whose figures are compared with one another.
export const REFERENCE = "raw SET NX PX";
export const REFERENCE_AGAIN = "raw SET NX PX, again";
export const ONE_ROUND = "raw script, one round";
export const TWO_ROUNDS = "raw scripts, two rounds";
export const UNFENCED = "holdfast, fence: false";
export const FENCED = "holdfast";

/** Of a contestant that meets a server that hangs. */
export function nameOf(name: string, hanging: boolean): string {
  return hanging ? `${name}; one hangs` : name;
}
