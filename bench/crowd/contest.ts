import type { Contender, Place } from "../contenders/contender.ts";
import { type Contestant, interleave, known, type Played, series } from "../support/interleave.ts";
import { type Summary, summarize } from "../support/statistics.ts";
import { type Section, type Stage, type Target, turnsOf } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { type Crowd, startCrowd } from "./crowd.ts";
import { absences, fieldOf } from "./field.ts";
import { type Passage, passageOf } from "./takes.ts";

/** Waiters that want one lock, each a number of times. */
export interface Contest {
  title: string;
  notes: string[];
  contenders: Contender[];
  processes: number;
  /** In all processes together. */
  waiters: number;
  /** Whether each waiter has a connection, and locks, of its own. */
  each: boolean;
  /** How often each waiter takes the lock. */
  times: number;
  /** Milliseconds that each keeps it. */
  hold: number;
  rounds: number;
  place: Place;
  /** How many requests the servers get meanwhile. */
  count(work: () => Promise<void>): Promise<number>;
  judge(figures: (name: string, measure: Measure) => number): Target[];
}

export type Measure = keyof Passage | "requests";

const MEASURES = ["stretch", "hold", "gap", "median", "longest", "unfairness", "overlaps"] as const;
const HEAD = [
  "contender",
  "total / holds",
  "quartiles",
  "requests an acquisition",
  "median wait, ms",
  "longest wait, ms",
  "longest / median",
  "mean gap, ms",
];

let locks = 0;

async function pass(crowd: Crowd, contender: Contender, { waiters, times, hold }: Contest): Promise<Passage> {
  const takes = await crowd.run(contender, { lock: `crowd-${locks++}`, waiters, times, hold, apart: false });
  return passageOf(takes);
}

/** Counted in turns of their own, because counting takes time. */
async function countAll(
  stage: Stage,
  crowd: Crowd,
  ready: readonly Contender[],
  contest: Contest,
): Promise<Map<string, number[]>> {
  const counts = new Map<string, number[]>(ready.map(({ name }) => [name, []]));
  for (let turn = 0; turn < turnsOf(stage, 2); turn++) {
    for (const contender of ready) {
      stage.progress(`${contest.title}: counting requests`);
      let acquisitions = 0;
      const requests = await contest.count(async () => {
        acquisitions = (await pass(crowd, contender, contest)).acquisitions;
      });
      counts.get(contender.name)?.push(requests / acquisitions);
    }
  }
  return counts;
}

export async function runContest(stage: Stage, contest: Contest): Promise<Section> {
  const { title, contenders, place, each, processes } = contest;
  const crowd = await startCrowd(processes);
  try {
    stage.progress(`${title}: connecting`);
    const { ready, absent } = await fieldOf(stage, contenders, async (contender) => {
      await crowd.open(contender, place, each ? contest.waiters / processes : 1);
      return contender;
    });
    const counts = await countAll(stage, crowd, ready, contest);
    const contestants: Contestant[] = ready.map((contender) => ({
      name: contender.name,
      turn: async () => ({ ...(await pass(crowd, contender, contest)) }),
    }));
    const played = await interleave(contestants, {
      rounds: turnsOf(stage, contest.rounds),
      warmUp: 0,
      progress: (done, of) => stage.progress(title, done / of),
    });
    return sectionOf(contest, played, counts, absent);
  } finally {
    await crowd.close();
  }
}

export function sectionOf(
  { title, notes, judge, contenders }: Pick<Contest, "title" | "notes" | "judge" | "contenders">,
  played: ReadonlyMap<string, Played>,
  requests: ReadonlyMap<string, readonly number[]>,
  absent: ReadonlyMap<string, string>,
): Section {
  const figures = (name: string, measure: Measure): Summary =>
    summarize(measure === "requests" ? (requests.get(name) ?? []) : known(series(played.get(name), measure)));
  const names = contenders.map(({ name }) => name).filter((name) => played.has(name) || absent.has(name));
  const rows = names.map((name) => {
    if (absent.has(name)) return [name, "not supported"];
    const { median, quartiles } = figures(name, "stretch");
    const others = (["requests", "median", "longest", "unfairness", "gap"] as const).map((measure) =>
      number(figures(name, measure).median),
    );
    return [name, number(median), quartiles.map(number).join(" to "), ...others];
  });
  const trouble = names.flatMap((name) => {
    const { failures = 0, firstFailure } = played.get(name) ?? {};
    const overlaps = known(series(played.get(name), "overlaps")).filter(Boolean).length;
    return [
      ...(failures ? [`${name} failed ${failures} times: ${firstFailure}`] : []),
      ...(overlaps ? [`${name}: TWO HELD THE LOCK AT ONCE in ${overlaps} rounds`] : []),
    ];
  });
  const rounds = Math.max(0, ...[...played.values()].map((one) => one.rounds.length));
  return {
    title,
    notes: [...notes, `Rounds: ${rounds}.`, ...absences(absent), ...trouble],
    head: HEAD,
    rows,
    targets: judge((name, measure) => figures(name, measure).median),
    data: names.map((name) => ({
      name,
      absent: absent.get(name),
      requests: figures(name, "requests"),
      ...Object.fromEntries(MEASURES.map((measure) => [measure, figures(name, measure)])),
      failures: played.get(name)?.failures,
    })),
  };
}
