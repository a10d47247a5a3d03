import { known, type Played, series } from "../support/interleave.ts";
import type { Requests } from "../support/requests.ts";
import { median, paired, summarize } from "../support/statistics.ts";
import type { Section, Target } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { nameOf } from "./contestants.ts";
import { FENCED, LOCKERS, UNFENCED } from "./locks.ts";
import { ONE_ROUND, RAW, REFERENCE, REFERENCE_AGAIN, TWO_ROUNDS } from "./raw.ts";
import type { Scenario } from "./scenario.ts";

/** What of the same wire ours are compared with, beside the reference. */
const SAME_REQUESTS: Record<string, string> = { [UNFENCED]: ONE_ROUND, [FENCED]: TWO_ROUNDS };

const HEAD = [
  "acquisition",
  "median ms",
  "quartiles",
  "× raw SET",
  "× its own requests, raw",
  "one hangs, ms",
  "hanging / healthy",
  "requests a lock and server",
  "commands",
];

const count = (value?: number) => (value === undefined ? "-" : `${Number(value.toFixed(1))}`);

/** What was measured, as a table. */
export function sectionOf(
  scenario: Scenario,
  roundTrips: readonly number[],
  played: ReadonlyMap<string, Played>,
  requests: ReadonlyMap<string, Requests>,
): Section {
  const times = (name: string, hanging = false) => series(played.get(nameOf(name, hanging)), "acquire");
  const against = (name: string, other: string) => summarize(paired(times(name), times(other)));
  const hangs = (name: string) => summarize(paired(times(name, true), times(name)));

  const names = [...RAW, ...LOCKERS].map(({ name }) => name);
  const data = names.map((name) => ({
    name,
    healthy: summarize(known(times(name))),
    release: summarize(known(series(played.get(name), "release"))),
    hanging: summarize(known(times(name, true))),
    failures: played.get(name)?.failures,
    failuresHanging: played.get(nameOf(name, true))?.failures,
    firstFailure: played.get(name)?.firstFailure ?? played.get(nameOf(name, true))?.firstFailure,
    toReference: against(name, REFERENCE),
    toItsOwnRequests: SAME_REQUESTS[name] && against(name, SAME_REQUESTS[name]),
    toHealthy: hangs(name),
    requests: requests.get(name),
  }));

  const rows = data.map(({ name, healthy, hanging, toReference, toItsOwnRequests, toHealthy, requests }) => [
    name,
    number(healthy.median),
    healthy.quartiles.map(number).join(" to "),
    number(toReference.median),
    toItsOwnRequests ? number(toItsOwnRequests.median) : "",
    number(hanging.median),
    number(toHealthy.median),
    count(requests?.sent),
    count(requests?.executed),
  ]);

  const target = (what: string, limit: number, measured: number): Target => ({ what, limit, measured });
  const targets = [
    target(`${UNFENCED}, against its requests sent raw`, 1.2, against(UNFENCED, ONE_ROUND).median),
    target(`${FENCED}, two rounds, against its requests sent raw`, 1.2, against(FENCED, TWO_ROUNDS).median),
    ...[UNFENCED, FENCED].map((name) => target(`${name}, one server hangs, against healthy`, 1.1, hangs(name).median)),
  ];

  const again = against(REFERENCE_AGAIN, REFERENCE);
  const second = median(known(times(FENCED))) - median(known(times(UNFENCED)));
  const failed = data.flatMap(({ name, failures, failuresHanging, firstFailure }) =>
    failures || failuresHanging
      ? [`${name} failed ${failures} times, ${failuresHanging} times with one hanging: ${firstFailure}`]
      : [],
  );
  const notes = [
    `Round trips, by PING: ${roundTrips.map(number).join(", ")} ms. ${scenario.rounds} rounds.`,
    `Noise: the same reference twice, ${again.median.toFixed(2)} × (quartiles ${again.quartiles.map(number).join(" to ")}).`,
    `The fence's second round adds ${number(second)} ms.`,
    ...failed,
  ];
  return { title: scenario.title, notes, head: HEAD, rows, targets, data };
}
