import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/redis-process.ts";
import type { Direction } from "../support/tcp-proxy.ts";
import { now } from "./journal.ts";
import type { Scenario, Scene } from "./scenario.ts";
import { expectOk } from "./stage.ts";

/** How long it lasts, milliseconds. */
const STORM = 12_000;

type Fault = (scene: Scene) => Promise<unknown>;

const pick = <T>(scene: Scene, list: readonly T[]): T => list[Math.floor(scene.random() * list.length)] as T;
/** From a moment to well past the ttl. */
const while_ = (scene: Scene): Promise<void> => sleep(scene.random() ** 2 * scene.ttl * 1.5);

const OUTSIDE: readonly Fault[] = [
  async (scene) => pick(scene, scene.fleet.workers).proxy.cut(),
  async (scene) => {
    const { proxy } = pick(scene, scene.fleet.workers);
    const direction = pick<Direction>(scene, ["requests", "replies", "both"]);
    proxy.blackhole(true, direction);
    await while_(scene);
    if (scene.random() < 0.5) proxy.cut();
    proxy.blackhole(false);
  },
  async (scene) => pick(scene, scene.fleet.workers).proxy.delay(scene.random() * scene.ttl * 0.2),
  async (scene) => {
    const worker = pick(scene, scene.fleet.workers);
    worker.kill("SIGSTOP");
    await while_(scene);
    worker.kill("SIGCONT");
  },
  async (scene) => scene.fleet.replace(pick(scene, scene.fleet.workers)),
  async ({ stage }) => stage.rest.faults.next("dropReply"),
  async ({ stage, random, ttl }) => stage.rest.faults.next("twiceLate", { ms: random() * ttl * 2 }),
];

const INSIDE: readonly Fault[] = [
  async (scene) => {
    await scene.stage.server.kill("SIGSTOP");
    await while_(scene);
    await scene.stage.server.kill("SIGCONT");
  },
  ({ stage }) => stage.restart("kept"),
  ({ stage }) => expectOk(stage, "SCRIPT", "FLUSH"),
  ({ stage }) => stage.admin("CLIENT", "KILL", "TYPE", "normal"),
  ({ stage, random, ttl }) => expectOk(stage, "CLIENT", "PAUSE", `${Math.ceil(random() * ttl)}`),
  async (scene) => {
    await expectOk(scene.stage, "CONFIG", "SET", "maxmemory", "1");
    await while_(scene);
    await expectOk(scene.stage, "CONFIG", "SET", "maxmemory", "0");
  },
  async (scene) => {
    await expectOk(scene.stage, "REPLICAOF", "127.0.0.1", String(await freePort()));
    await while_(scene);
    await expectOk(scene.stage, "REPLICAOF", "NO", "ONE");
  },
];

/** One after another, each undone before the next: nothing here loses data. */
async function series(scene: Scene, faults: readonly Fault[]): Promise<void> {
  const until = now() + STORM;
  while (now() < until) {
    await pick(scene, faults)(scene);
    await while_(scene);
  }
}

export const STORMS: readonly Scenario[] = [
  {
    name: "all kinds of faults at random times",
    exclusion: "holds",
    breaksBare: false,
    async run(scene) {
      await Promise.all([series(scene, OUTSIDE), series(scene, OUTSIDE), series(scene, INSIDE)]);
      for (const { proxy } of scene.fleet.workers) {
        proxy.blackhole(false);
        proxy.delay(0);
      }
      scene.stage.rest.faults.clear();
    },
  },
];
