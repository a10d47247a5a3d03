import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/redis-process.ts";
import { STEPS, type Step } from "./messages.ts";
import { atStep, recover, type Scenario, type Scene } from "./scenario.ts";
import { expectOk } from "./stage.ts";

const eachStep = (fault: (scene: Scene, step: Step) => Promise<void>) => async (scene: Scene) => {
  for (const step of STEPS) await fault(scene, step);
};

const held = { exclusion: "holds", breaksBare: false } as const;

export const SERVER: readonly Scenario[] = [
  {
    ...held,
    name: "Redis is stopped at each step, within the ttl and past it",
    run: eachStep((scene, step) =>
      atStep(scene, step, async ({ go }) => {
        const { server } = scene.stage;
        await server.kill("SIGSTOP");
        go();
        await sleep(scene.ttl * (scene.random() < 0.5 ? 0.3 : 1.3));
        await server.kill("SIGCONT");
      }),
    ),
  },
  {
    ...held,
    name: "Redis is killed at each step, restarted from its log",
    run: eachStep((scene, step) =>
      atStep(scene, step, async ({ go }) => {
        go();
        await scene.stage.restart("kept");
      }),
    ),
  },
  {
    ...held,
    name: "SCRIPT FLUSH at each step",
    run: eachStep((scene, step) => atStep(scene, step, () => expectOk(scene.stage, "SCRIPT", "FLUSH"))),
  },
  {
    ...held,
    name: "CLIENT KILL at each step",
    run: eachStep((scene, step) => atStep(scene, step, () => scene.stage.admin("CLIENT", "KILL", "TYPE", "normal"))),
  },
  {
    ...held,
    name: "CLIENT PAUSE at each step",
    run: eachStep((scene, step) =>
      atStep(scene, step, async ({ go }) => {
        const ms = scene.ttl * (scene.random() < 0.5 ? 0.3 : 1.3);
        await expectOk(scene.stage, "CLIENT", "PAUSE", `${Math.round(ms)}`, scene.random() < 0.5 ? "WRITE" : "ALL");
        go();
        await sleep(ms);
      }),
    ),
  },
  {
    ...held,
    name: "a full memory",
    run: eachStep((scene, step) =>
      atStep(scene, step, async ({ go }) => {
        await expectOk(scene.stage, "CONFIG", "SET", "maxmemory", "1");
        go();
        await sleep(scene.ttl * scene.random());
        await expectOk(scene.stage, "CONFIG", "SET", "maxmemory", "0");
      }),
    ),
  },
  {
    ...held,
    name: "a read-only replica",
    async run(scene) {
      // Without its master it keeps its data, and is as READONLY as one that has it.
      const nowhere = String(await freePort());
      for (const step of STEPS) {
        await atStep(scene, step, async ({ go }) => {
          await expectOk(scene.stage, "REPLICAOF", "127.0.0.1", nowhere);
          go();
          await sleep(scene.ttl * scene.random() * 1.5);
          await expectOk(scene.stage, "REPLICAOF", "NO", "ONE");
        });
      }
    },
  },
  {
    ...held,
    name: "no fault",
    run: (scene) => recover(scene, () => sleep(scene.ttl * 3)),
  },
];
