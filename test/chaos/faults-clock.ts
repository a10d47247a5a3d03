import { STEPS } from "./messages.ts";
import { atStep, behindItsBack, LONG_TTL, recover, type Scenario, type Scene } from "./scenario.ts";
import { shiftedRedis } from "./shifted-redis.ts";

const MINUTE = 60_000;

type Shift = (ms: number) => Promise<void>;

/** On a Redis whose clock the scenario can move. */
function onMovedClock(scenario: Omit<Scenario, "run">, run: (scene: Scene, shift: Shift) => Promise<void>): Scenario {
  let shift: Shift = async () => {};
  return {
    ...scenario,
    async start(defer) {
      const redis = await shiftedRedis();
      defer(redis.close);
      shift = redis.shift;
      return redis.start;
    },
    run: (scene) => run(scene, shift),
  };
}

export const CLOCK: readonly Scenario[] = [
  onMovedClock(
    { name: "the server's clock goes back at each step", exclusion: "holds", breaksBare: false },
    async (scene, shift) => {
      for (const [index, step] of STEPS.entries()) {
        await atStep(scene, step, async () => shift(-MINUTE * (index + 1)));
      }
    },
  ),
  onMovedClock(
    { name: "the server's clock goes forward and back", exclusion: "fails", breaksBare: true, ttl: LONG_TTL },
    async (scene, shift) => {
      const holder = await scene.fleet.catch("write");
      await behindItsBack(scene, holder, () => shift(MINUTE));
      await recover(scene, () => shift(0));
    },
  ),
];
