import type { Contender } from "./contender.ts";
import { OURS } from "./holdfast.ts";
import { PEERS } from "./peers.ts";
import { RAWS } from "./raw.ts";

const ALL = [...RAWS, ...OURS, ...PEERS];

/** In the order of the list, whatever the order of the names. */
export function contenders(over: Contender["over"], names?: readonly string[]): Contender[] {
  const found = ALL.filter((one) => one.over === over && (!names || names.includes(one.name)));
  if (names && found.length < names.length) throw new Error(`not all of ${names.join("; ")} go over ${over}`);
  return found;
}
