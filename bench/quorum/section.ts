import { known, type Played, series } from "../support/interleave.ts";
import type { Requests } from "../support/requests.ts";
import { differences, median, ratios, summarize } from "../support/statistics.ts";
import type { Section, Target } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { FENCED, nameOf, ONE_ROUND, REFERENCE, REFERENCE_AGAIN, TWO_ROUNDS, UNFENCED } from "./names.ts";
import type { Scenario } from "./scenario.ts";

/** What of the same wire ours are compared with, beside the reference. */
const SAME_REQUESTS: Record<string, string> = { [UNFENCED]: ONE_ROUND, [FENCED]: TWO_ROUNDS };

const HEAD = [
  "acquisition",
  "median ms",
  "quartiles",
  "× its replies",
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
  names: readonly string[],
  roundTrips: readonly number[],
  played: ReadonlyMap<string, Played>,
  requests: ReadonlyMap<string, Requests>,
): Section {
  const times = (name: string, hanging = false) => series(played.get(nameOf(name, hanging)), "acquire");
  const against = (name: string, other: string) => summarize(ratios(times(name), times(other)));
  const replies = (name: string) => summarize(ratios(times(name), series(played.get(name), "slowest")));
  const hangs = (name: string) => summarize(ratios(times(name, true), times(name)));

  const data = names.map((name) => ({
    name,
    healthy: summarize(known(times(name))),
    release: summarize(known(series(played.get(name), "release"))),
    hanging: summarize(known(times(name, true))),
    failures: played.get(name)?.failures,
    failuresHanging: played.get(nameOf(name, true))?.failures,
    firstFailure: played.get(name)?.firstFailure ?? played.get(nameOf(name, true))?.firstFailure,
    toItsReplies: replies(name),
    toReference: against(name, REFERENCE),
    toItsOwnRequests: SAME_REQUESTS[name] && against(name, SAME_REQUESTS[name]),
    toHealthy: hangs(name),
    requests: requests.get(name),
  }));

  const rows = data.map(
    ({ name, healthy, hanging, toItsReplies, toReference, toItsOwnRequests, toHealthy, requests }) => [
      name,
      number(healthy.median),
      healthy.quartiles.map(number).join(" to "),
      toItsReplies.count ? number(toItsReplies.median) : "",
      number(toReference.median),
      toItsOwnRequests ? number(toItsOwnRequests.median) : "",
      number(hanging.median),
      number(toHealthy.median),
      count(requests?.sent),
      count(requests?.executed),
    ],
  );
  const extra = (name: string, other: string) => median(differences(times(name), times(other)));
  const second = summarize(differences(times(FENCED), times(UNFENCED)));
  const share = second.median / extra(TWO_ROUNDS, ONE_ROUND);
  const trip = [number(second.median), second.quartiles.map(number).join(" to "), "", "", number(share)];
  rows.splice(names.indexOf(FENCED) + 1, 0, ["the fence's second round in that", ...trip]);

  const target = (what: string, limit: number, measured: number): Target => ({ what, limit, measured });
  const own = [UNFENCED, FENCED];
  const targets = [
    ...own.map((name) => target(`${name}, against the majority's slowest replies`, 1.2, replies(name).median)),
    target(`${UNFENCED}, against its requests sent raw`, 1.2, against(UNFENCED, ONE_ROUND).median),
    target(`${FENCED}, two rounds, against its requests sent raw`, 1.2, against(FENCED, TWO_ROUNDS).median),
    ...own.map((name) => target(`${name}, one server hangs, against healthy`, 1.1, hangs(name).median)),
  ];

  const again = against(REFERENCE_AGAIN, REFERENCE);
  const failed = data.flatMap(({ name, failures, failuresHanging, firstFailure }) =>
    failures || failuresHanging
      ? [`${name} failed ${failures} times, ${failuresHanging} times with one hanging: ${firstFailure}`]
      : [],
  );
  const notes = [
    `Round trips, by PING: ${roundTrips.map(number).join(", ")} ms. ${scenario.rounds} rounds.`,
    `Noise: the same reference twice, ${again.median.toFixed(2)} × (quartiles ${again.quartiles.map(number).join(" to ")}).`,
    `More than its own requests, raw: ${own.map((name) => `${name} ${number(extra(name, SAME_REQUESTS[name]!))} ms`).join(", ")}.`,
    ...failed,
  ];
  return { title: scenario.title, notes, head: HEAD, rows, targets, data };
}
