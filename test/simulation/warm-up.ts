import { command } from "../../adapters/command.ts";
import { QUORUM_TWINS } from "../../adapters/support/memory-quorum-scripts.ts";
import { TWINS } from "../../adapters/support/memory-scripts.ts";

let warm: Promise<unknown> | undefined;

/** The digests of the scripts come from another thread, when it pleases: they are asked for before time begins. */
export function warmUp(): Promise<unknown> {
  const wire = command(async () => undefined);
  warm ??= Promise.all([...TWINS.keys(), ...QUORUM_TWINS.keys()].map((script) => wire.eval(script, [], [])));
  return warm;
}
