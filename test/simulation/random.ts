import { seededRandom } from "../support/random.ts";

/** Random choices that depend on nothing but their seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A number from `low` up to `high`. */
  between(low: number, high: number): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Each one with even odds. */
  some<T>(from: readonly T[]): T[];
}

/** FNV-1a. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return bits;
}

/**
 * A stream of its own for each use: what is taken out of a plan then changes nothing that another part of it draws,
 * and a plan can be shrunk.
 */
export function randomOf(...use: readonly (number | string)[]): Random {
  const next = seededRandom(hash(use.join(" ")));
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    whole,
    chance: (probability) => next() < probability,
    pick: (from) => from[whole(0, from.length - 1)] as (typeof from)[number],
    some: (from) => from.filter(() => next() < 0.5),
  };
}
