import type { Contender, Place } from "../contenders/contender.ts";
import { absences, closeField, openField, type Present } from "../crowd/field.ts";
import { interleave, known, series } from "../support/interleave.ts";
import { ratios, type Summary, summarize } from "../support/statistics.ts";
import { type Section, type Stage, type Target, turnsOf } from "../support/suite.ts";
import { number } from "../support/table.ts";

/** Contenders that are compared by the time of a batch of cycles, each a lock taken and given back. */
export interface Batches {
  title: string;
  notes: string[];
  contenders: Contender[];
  /** Whom the others are compared with: what the column says, and the name. */
  reference: string;
  rounds: number;
  /** Cycles of a batch. */
  cycles: number;
  place: Place;
  /** One batch; the milliseconds of a cycle. */
  batch(present: Present, cycles: number): Promise<number>;
  count(work: () => Promise<void>): Promise<number>;
  judge(figures: Figures): Target[];
}

export interface Figures {
  /** In the order of the table. */
  names: string[];
  time(name: string): Summary;
  /** By round. */
  against(name: string, other: string): Summary;
  requests(name: string): number;
}

export async function compare(stage: Stage, work: Batches): Promise<Section> {
  const { title, reference, cycles } = work;
  stage.progress(`${title}: connecting`);
  const field = await openField(stage, work.contenders, work.place);
  try {
    const counts = new Map<string, number>();
    for (const present of field.ready) {
      stage.progress(`${title}: counting requests`);
      // What is sent once, the first time, is not counted.
      await work.batch(present, 1);
      counts.set(present.contender.name, await work.count(async () => void (await work.batch(present, 1))));
    }
    const played = await interleave(
      field.ready.map((present) => ({
        name: present.contender.name,
        turn: async () => ({ ms: await work.batch(present, cycles) }),
      })),
      {
        rounds: turnsOf(stage, work.rounds),
        warmUp: stage.quick ? 0 : 10,
        progress: (done, of) => stage.progress(title, done / of),
      },
    );
    const times = (name: string) => series(played.get(name), "ms");
    const figures: Figures = {
      names: [...played.keys()],
      time: (name) => summarize(known(times(name))),
      against: (name, other) => summarize(ratios(times(name), times(other))),
      requests: (name) => counts.get(name) ?? Number.NaN,
    };
    return sectionOf(work, figures, field.absent, turnsOf(stage, work.rounds), reference);
  } finally {
    await closeField(field);
  }
}

function sectionOf(
  { title, notes, cycles, judge }: Batches,
  figures: Figures,
  absent: ReadonlyMap<string, string>,
  rounds: number,
  reference: string,
): Section {
  const { names, time, against, requests } = figures;
  const rows = names.map((name) => {
    const { median, quartiles } = time(name);
    const cells = [number(median), quartiles.map(number).join(" to "), number(against(name, reference).median)];
    return [name, ...cells, number(requests(name))];
  });
  return {
    title,
    notes: [...notes, `${rounds} rounds of ${cycles} cycles each.`, ...absences(absent)],
    head: ["contender", "ms a cycle", "quartiles", `× ${reference}`, "requests a cycle"],
    rows,
    targets: judge(figures),
    data: names.map((name) => ({
      name,
      cycle: time(name),
      toReference: against(name, reference),
      requests: requests(name),
    })),
  };
}
