import { type Contender, type Opened, type Place, Unsupported } from "../contenders/contender.ts";
import { OURS } from "../contenders/holdfast.ts";
import { RAWS } from "../contenders/raw.ts";
import type { Stage } from "../support/suite.ts";

/** Who takes part, and who cannot. */
export interface Field<Ready = Contender> {
  ready: Ready[];
  /** By name, why not. */
  absent: Map<string, string>;
}

/** Makes all of them ready; who is not supported is left out with the reason. */
export async function fieldOf<Ready>(
  { peers }: Pick<Stage, "peers">,
  contenders: readonly Contender[],
  prepare: (contender: Contender) => Promise<Ready>,
): Promise<Field<Ready>> {
  const field: Field<Ready> = { ready: [], absent: new Map() };
  for (const contender of contenders) {
    if (!peers && ![...OURS, ...RAWS].includes(contender)) continue;
    try {
      field.ready.push(await prepare(contender));
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      field.absent.set(contender.name, error.message);
    }
  }
  return field;
}

/** One that is used in this process. */
export interface Present {
  contender: Contender;
  opened: Opened;
}

export async function openField(
  stage: Pick<Stage, "peers">,
  contenders: readonly Contender[],
  place: Place,
): Promise<Field<Present>> {
  return fieldOf(stage, contenders, async (contender) => ({ contender, opened: await contender.open(place) }));
}

export async function closeField({ ready }: Field<Present>): Promise<void> {
  await Promise.all(ready.map(({ opened }) => opened.close()));
}

/** What the table says of who takes no part, in its order. */
export function absences(absent: ReadonlyMap<string, string>): string[] {
  return [...absent].map(([name, why]) => `${name}: not supported: ${why}`);
}
