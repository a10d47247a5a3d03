import { command } from "../../adapters/command.ts";
import { memory } from "../../adapters/memory.ts";
import { HAND_OVER_TWINS } from "../../adapters/support/memory-hand-over-scripts.ts";
import { QUEUE_TWINS } from "../../adapters/support/memory-queue-scripts.ts";
import { QUORUM_TWINS } from "../../adapters/support/memory-quorum-scripts.ts";
import { TWINS } from "../../adapters/support/memory-scripts.ts";
import { createLocks } from "../../src/index.ts";

let warm: Promise<unknown> | undefined;

/** The digests of the scripts come from another thread, when it pleases: they are asked for before time begins. */
export function warmUp(): Promise<unknown> {
  const wire = command(async () => undefined);
  const twins = [TWINS, QUORUM_TWINS, QUEUE_TWINS, HAND_OVER_TWINS];
  const scripts = twins.flatMap((each) => [...each.keys()].map((script) => wire.eval(script, [], [])));
  warm ??= Promise.all([...scripts, contend()]);
  return warm;
}

/** What callers that contend need is loaded by the first of them. */
async function contend(): Promise<void> {
  await using _ = await createLocks(memory()).acquire("warm", { fair: true });
}
