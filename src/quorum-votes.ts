import type { Clock } from "./clock.ts";
import type { Call } from "./core.ts";
import type { Outage } from "./failure.ts";
import type { Part } from "./quorum-part.ts";
import type { Vote } from "./round.ts";

/** Several stores that decide together. */
export interface Panel<P> {
  parts: readonly P[];
  /** How many have to agree. */
  majority: number;
  /** Limit on any one store's answer, milliseconds. */
  limitOf(call: Call): number;
}

/** The stores of a quorum. */
export interface Electorate extends Panel<Part> {
  clock: Clock;
  /** The longest ttl of any lock that a server may have forgotten when it restarted, milliseconds. */
  longestOf(call: Call): number;
}

/** What to throw when so many stores failed that nothing can be decided. */
export function outage({ parts, majority }: Panel<unknown>, votes: readonly Vote<unknown>[]): Outage {
  const failed = votes.flatMap(({ failure }, position) => (failure ? [{ ...failure, position }] : []));
  const lasting = failed.filter(({ passing }) => !passing);
  const list = failed.map(({ text, position }) => `[${position}] ${text}`).join("; ");
  return {
    outage: {
      text: `${failed.length} of ${parts.length} stores failed: ${list}`,
      hint: (lasting[0] ?? failed[0])?.hint ?? "",
      refused: false,
      passing: lasting.length <= parts.length - majority,
      errors: failed.map(({ text, position }) => Object.assign(new Error(text), { position })),
    },
  };
}

/** The time that at least `count` of these have left. */
export function leftOf(answers: readonly { left: number }[], count: number): number {
  const lefts = answers.map(({ left }) => left).sort((a, b) => b - a || 0);
  return lefts[count - 1] ?? 0;
}

/** The one that most of them say. */
export function most<T>(said: readonly T[]): { value: T | undefined; count: number } {
  const counts = new Map<T, number>();
  for (const each of said) counts.set(each, (counts.get(each) ?? 0) + 1);
  const [[value, count] = [undefined, 0]] = [...counts].sort(([, a], [, b]) => b - a);
  return { value, count };
}
