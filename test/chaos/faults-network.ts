import { setTimeout as sleep } from "node:timers/promises";
import type { FaultKind } from "../support/rest-faults.ts";
import type { Direction } from "../support/tcp-proxy.ts";
import { STEPS, type Step } from "./messages.ts";
import { atStep, recover, type Scenario, type Scene } from "./scenario.ts";

const REQUESTS = STEPS.filter((step) => /before|sent/.test(step));
const DIRECTIONS: readonly Direction[] = ["requests", "replies", "both"];

/** The connection of whoever is at this step: nothing gets through for a while, and what was held back is lost. */
async function cutAt(scene: Scene, step: Step, direction: Direction): Promise<void> {
  await atStep(scene, step, async ({ worker: { proxy }, go }) => {
    proxy.blackhole(true, direction);
    go();
    await sleep(60);
    proxy.cut();
    proxy.blackhole(false);
  });
}

/** Nothing gets through for longer than the ttl, then everything does. */
async function silentAt(scene: Scene, step: Step, direction: Direction): Promise<void> {
  await atStep(scene, step, async ({ worker: { proxy }, go }) => {
    proxy.blackhole(true, direction);
    go();
    await sleep(scene.ttl * 1.3);
    proxy.blackhole(false);
  });
}

const eachWay = (fault: typeof cutAt) => async (scene: Scene) => {
  for (const [index, step] of REQUESTS.entries()) {
    await fault(scene, step, DIRECTIONS[index % DIRECTIONS.length] as Direction);
  }
};

/** Every one of them hits the next request of whatever kind, and the one after it. */
const MISHAPS: readonly FaultKind[] = [
  "dropRequest",
  "dropReply",
  "twice",
  "twiceLate",
  "delay",
  "delayReply",
  "badGateway",
  "html",
  "truncated",
  "stallBody",
  "rateLimit",
  "errorAfter",
];

async function mishaps(scene: Scene): Promise<void> {
  const { rest } = scene.stage;
  for (const kind of MISHAPS) {
    for (const step of ["acquire: before", "renew: before", "release: before"] as const) {
      // A short one, so that the shortest life of an answer is not always over.
      await atStep(scene, step, async () => rest.faults.next(kind, { times: 2, ms: 20 + scene.random() * scene.ttl }));
    }
  }
}

export const NETWORK: readonly Scenario[] = [
  { name: "a connection is cut at each step", exclusion: "holds", breaksBare: false, run: eachWay(cutAt) },
  { name: "a connection goes silent at each step", exclusion: "holds", breaksBare: false, run: eachWay(silentAt) },
  {
    name: "HTTP: a connection is cut at each step",
    exclusion: "holds",
    breaksBare: false,
    rest: true,
    run: eachWay(cutAt),
  },
  {
    name: "HTTP: a connection goes silent at each step",
    exclusion: "holds",
    breaksBare: false,
    rest: true,
    run: eachWay(silentAt),
  },
  { name: "HTTP: requests twice, late, half or not", exclusion: "holds", breaksBare: false, rest: true, run: mishaps },
  {
    name: "a slow network",
    exclusion: "holds",
    breaksBare: false,
    async run(scene) {
      // A round trip of up to two thirds of the ttl.
      for (const share of [0.02, 0.1, 0.3]) {
        for (const { proxy } of scene.fleet.workers) proxy.delay(scene.ttl * share * scene.random());
        await sleep(scene.ttl * 2);
      }
      await recover(scene, async () => {
        for (const { proxy } of scene.fleet.workers) proxy.delay(0);
      });
    },
  },
];
