import type { LockEvent } from "./events.ts";

/** What is used of `node:diagnostics_channel`. */
export interface DiagnosticsChannels {
  channel(name: string): { readonly hasSubscribers: boolean; publish(message: unknown): void };
}

/**
 * An `onEvent` that publishes each event to a channel of `node:diagnostics_channel`: `holdfast:waiting`,
 * `holdfast:acquired`, `holdfast:renewed`, `holdfast:released`, `holdfast:lost`, `holdfast:failed`. The message is the
 * event. Nothing is published to a channel that nobody has subscribed to.
 *
 * @param channels The module itself, for a runtime that has it but does not say so. @default what
 *   `process.getBuiltinModule` gives (Node 20.16 and 22.3, Deno, Bun, Workers with `nodejs_compat`); where there is none,
 *   nothing happens.
 * @example
 * ```ts
 * import { diagnostics } from "holdfast/diagnostics";
 *
 * const locks = createLocks(transport, { onEvent: diagnostics() });
 * ```
 */
export function diagnostics(channels?: DiagnosticsChannels): (event: LockEvent) => void {
  let found: DiagnosticsChannels | null | undefined = channels;
  return (event) => {
    // Looked for once, and not before something happens.
    if (found === undefined) found = builtIn() ?? null;
    const channel = found?.channel(`holdfast:${event.type}`);
    if (channel?.hasSubscribers) channel.publish(event);
  };
}

/** Not by an import, which would keep this module out of every runtime and bundle that has no such module. */
function builtIn(): DiagnosticsChannels | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.("node:diagnostics_channel") as DiagnosticsChannels | undefined;
}
