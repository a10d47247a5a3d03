import { contenders } from "../contenders/all.ts";
import { FAIR, PLAIN, WOKEN } from "../contenders/holdfast.ts";
import { UPSTASH_LOCK } from "../contenders/peers.ts";
import { type Contest, runContest } from "../crowd/contest.ts";
import type { Section, Stage, Suite } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { type FarRest, withFarRest } from "./far-rest.ts";

const HOLD = 50;
const WAITERS = 10;

function contestOf(
  stage: Stage,
  { place, roundTrip, count }: FarRest,
): Omit<Contest, "title" | "judge" | "contenders"> {
  return {
    notes: [
      `One lock, kept for ${HOLD} ms, once by each of ${stage.quick ? 2 : WAITERS} waiters with clients of their own. Round trip, by PING: ${number(roundTrip)} ms.`,
    ],
    processes: 1,
    waiters: stage.quick ? 2 : WAITERS,
    each: true,
    times: 1,
    hold: HOLD,
    rounds: 12,
    place,
    count,
  };
}

function suite(
  name: string,
  summary: string,
  names: string[],
  rest: (stage: Stage) => Pick<Contest, "title" | "judge">,
): Suite {
  return {
    name,
    summary,
    packages: ["@upstash/lock", "@upstash/redis"],
    run: (stage) =>
      withFarRest(async function* (far): AsyncGenerator<Section, void> {
        yield await runContest(stage, {
          ...contestOf(stage, far),
          ...rest(stage),
          contenders: contenders("REST", names),
        });
      }),
  };
}

export const restSuite: Suite = suite(
  "rest",
  "ten waiters apart over REST, 20 ms away, that poll for one lock",
  [PLAIN, FAIR, UPSTASH_LOCK],
  () => ({
    title: "REST, 10 waiters, polling",
    judge: (figure) =>
      [PLAIN, FAIR].flatMap((name) => [
        {
          what: `${name}: requests an acquisition, against ${UPSTASH_LOCK}`,
          limit: figure(UPSTASH_LOCK, "requests"),
          measured: figure(name, "requests"),
        },
        {
          what: `${name}: mean gap in ms, against ${UPSTASH_LOCK}`,
          limit: figure(UPSTASH_LOCK, "gap"),
          measured: figure(name, "gap"),
        },
      ]),
  }),
);

export const eventsSuite: Suite = suite(
  "events",
  "the same with server-sent events",
  [WOKEN, FAIR, UPSTASH_LOCK],
  () => ({
    title: "REST, 10 waiters, server-sent events",
    judge: (figure) => [
      { what: `${WOKEN}: total over the holds`, limit: 1.7, measured: figure(WOKEN, "stretch") },
      { what: `${WOKEN}: requests an acquisition`, limit: 3.5, measured: figure(WOKEN, "requests") },
    ],
  }),
);
