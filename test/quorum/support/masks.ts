/** What became of one store. `empty`: its server restarted, with nothing in it. */
export const STATES = ["up", "hanging", "refusing", "taken", "empty"] as const;
export type State = (typeof STATES)[number];
export type Mask = readonly State[];

/** Every way in which so many stores can be. */
export function allMasks(stores: number): Mask[] {
  if (!stores) return [[]];
  return allMasks(stores - 1).flatMap((mask) => STATES.map((state): Mask => [...mask, state]));
}

export interface Verdict {
  outcome: "lease" | "busy" | "outage";
  /** The stores that had answered by then. */
  heard: number[];
  /** Those of them that failed, or everything that did when all time was over. */
  failed: number[];
}

/**
 * What one attempt has to end with when the stores answer one after another, and those that hang never do. It is over as
 * soon as a majority granted, or no longer can. An outage is where fewer than a majority took part.
 *
 * @param forgetful Whether an empty store may have forgotten a lock, so that its grant does not count.
 */
export function verdict(mask: Mask, forgetful: boolean): Verdict {
  const majority = Math.floor(mask.length / 2) + 1;
  const counts = (state: State) => state === "up" || (state === "empty" && !forgetful);
  const fails = (state: State) => !counts(state) && state !== "taken";
  const heard: number[] = [];
  const tally = (positions: number[]) => ({
    granted: positions.filter((at) => counts(mask[at] as State)).length,
    failed: positions.filter((at) => fails(mask[at] as State)),
  });
  const close = ({ failed }: { failed: number[] }): Verdict => ({
    outcome: failed.length > mask.length - majority ? "outage" : "busy",
    heard,
    failed,
  });

  for (const [at, state] of mask.entries()) {
    if (state === "hanging") continue;
    heard.push(at);
    const seen = tally(heard);
    if (seen.granted >= majority) return { outcome: "lease", heard, failed: seen.failed };
    if (seen.granted + mask.length - heard.length < majority) return close(seen);
  }
  return close(tally([...mask.keys()]));
}
