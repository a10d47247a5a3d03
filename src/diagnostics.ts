/**
 * Events on the channels of `node:diagnostics_channel`.
 *
 * @module holdfast/diagnostics
 */
import type { LockEvent } from "./events.ts";

/** A channel of {@link DiagnosticsChannels}. */
export interface DiagnosticsChannel {
  /** Whether anybody listens. */
  readonly hasSubscribers: boolean;
  /** Hands the message to everybody who listens. */
  publish(message: unknown): void;
}

/** What is used of `node:diagnostics_channel`. */
export interface DiagnosticsChannels {
  /** The channel of this name, the same one each time. */
  channel(name: string): DiagnosticsChannel;
}

/**
 * An `onEvent` that publishes each event to a channel of `node:diagnostics_channel`: `holdfast:waiting`,
 * `holdfast:acquired`, `holdfast:renewed`, `holdfast:released`, `holdfast:lost`, `holdfast:failed`. The message is the
 * event. Nothing is published to a channel that nobody has subscribed to.
 *
 * @param channels The module itself, for a runtime that has it but does not say so. Unless given, what
 *   `process.getBuiltinModule` gives (Node 20.16 and 22.3, Deno, Bun, Workers with `nodejs_compat`); where there is none,
 *   nothing happens.
 * @example
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * import { createLocks } from "holdfast";
 * import { diagnostics } from "holdfast/diagnostics";
 * import { memory } from "holdfast/memory";
 *
 * subscribe("holdfast:lost", (event) => console.error(event));
 * const locks = createLocks(memory(), { onEvent: diagnostics() });
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
