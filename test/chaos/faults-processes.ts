import { until } from "../support/redis-process.ts";
import { now } from "./journal.ts";
import { STEPS, type Step } from "./messages.ts";
import { behindItsBack, LONG_TTL, others, pastTtl, type Scenario, type Scene } from "./scenario.ts";

async function killed(scene: Scene, step: Step): Promise<void> {
  const { fleet } = scene;
  const { worker } = await fleet.catch(step);
  const next = await fleet.replace(worker);
  await fleet.served(others(scene, next));
}

/** Stopped past its ttl at this step, and until another was served. */
async function stopped(scene: Scene, step: Step): Promise<void> {
  const { fleet } = scene;
  const { worker, go } = await fleet.catch(step);
  worker.kill("SIGSTOP");
  go();
  await Promise.all([pastTtl(scene), fleet.served(others(scene, worker))]);
  const awake = now();
  worker.kill("SIGCONT");
  await fleet.served([worker], "one", awake);
}

const WAITING: readonly Step[] = ["acquire: before", "acquire: sent", "acquire: answered"];

/** While another holds, so that this one is a waiter. */
async function waiterIs(how: "killed" | "stopped", scene: Scene, step: Step): Promise<void> {
  const { fleet } = scene;
  const holder = await fleet.catch("write");
  const waiter = await fleet.catch(step, others(scene, holder.worker));
  if (how === "killed") {
    await fleet.replace(waiter.worker);
    holder.go();
    await fleet.served([holder.worker]);
    return;
  }
  waiter.worker.kill("SIGSTOP");
  waiter.go();
  holder.go();
  await fleet.served(others(scene, waiter.worker));
  await pastTtl(scene);
  const awake = now();
  waiter.worker.kill("SIGCONT");
  await fleet.served([waiter.worker], "one", awake);
}

const eachOf =
  (steps: readonly Step[], fault: (scene: Scene, step: Step) => Promise<void>) =>
  async (scene: Scene): Promise<void> => {
    for (const step of steps) await fault(scene, step);
  };

export const PROCESSES: readonly Scenario[] = [
  {
    name: "a holder is killed at each step",
    exclusion: "holds",
    breaksBare: false,
    run: eachOf(STEPS, killed),
  },
  {
    // The step "write" is where it costs an update, unless the resource checks the fence.
    name: "a holder is stopped past its ttl at each step",
    exclusion: "holds",
    breaksBare: true,
    run: eachOf(STEPS, stopped),
  },
  {
    name: "a waiter is killed at each step",
    exclusion: "holds",
    breaksBare: false,
    run: eachOf(WAITING, (scene, step) => waiterIs("killed", scene, step)),
  },
  {
    name: "a waiter is stopped past the ttl at each step",
    exclusion: "holds",
    breaksBare: false,
    run: eachOf(WAITING, (scene, step) => waiterIs("stopped", scene, step)),
  },
  {
    name: "an operator frees a lock that is in use",
    exclusion: "fails",
    breaksBare: true,
    ttl: LONG_TTL,
    run: async (scene) => {
      const holder = await scene.fleet.catch("write");
      await behindItsBack(scene, holder, () => scene.stage.admin("DEL", "lock:the lock"));
    },
  },
  {
    name: "a key is deleted just before its renewal",
    exclusion: "open",
    breaksBare: false,
    // The holder has two thirds of it to hear of the loss.
    ttl: 6000,
    run: async (scene) => {
      const { stage, fleet } = scene;
      const { worker, go } = await fleet.catch("renew: before");
      // Nobody else takes it: it is free when the renewal comes.
      for (const other of others(scene, worker)) other.kill("SIGSTOP");
      await stage.admin("DEL", "lock:the lock");
      go();
      // A renewal that made the key anew would bring a lost lease back.
      const entries = () => fleet.journals().flatMap((journal) => (journal.who === worker.who ? journal.entries : []));
      const told = async () => entries().some((entry) => entry.type === "lost" && /deleted|taken/.test(entry.reason));
      await until(told, "the holder was not told that it had lost the lock").finally(() => {
        for (const other of others(scene, worker)) other.kill("SIGCONT");
      });
    },
  },
];
