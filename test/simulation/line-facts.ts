import type { Client } from "./client.ts";
import type { TokenFacts } from "./facts.ts";

/** A call that waits. */
export interface Wait {
  label: string;
  client: Client;
  lock: string;
  fair: boolean;
  ttl: number;
  /** When Redis first said that another holds the lock, by world time. */
  asked: number | undefined;
  overAt: number | undefined;
}

/** A place in line, as the answers of the server say. */
export interface Seat {
  facts: TokenFacts;
  wait: Wait | undefined;
  who: string;
  since: number;
  /** For how long a poll keeps it, milliseconds, and when that was sent: an older one may be executed later. */
  life: number;
  sentAt: number;
  /** Whether it has lapsed once: nothing is promised to it any more. */
  lapsed: boolean;
}

/** The lock was handed to somebody who has not said yet that it knows. */
export interface Handed {
  seat: Seat | undefined;
  facts: TokenFacts;
  at: number;
}

export interface Line {
  /** In the order in which they came. */
  seats: Map<string, Seat>;
  /** By who: when its places lapse, on the server's clock. */
  lapses: Map<string, number>;
  handed: Handed | undefined;
  /** Since when the lock is free. */
  free: number | undefined;
  /** Since when nobody who knows it has the lock, and what held that up: until when, and for how long from then. */
  idle: number | undefined;
  dead: { at: number; life: number } | undefined;
  /** What the key was after the last execution. */
  expires: number | undefined;
  /** When it was last granted, and the longest that one had it since somebody elsewhere waits. */
  grantedAt: number;
  longest: number;
  /** When a release was sent that has freed it for one who waits elsewhere. */
  standsBack: number | undefined;
  /** Whose callers know that, and until when. */
  turned: { client: Client; until: number } | undefined;
}

export const newLine = (): Line => ({
  seats: new Map(),
  lapses: new Map(),
  handed: undefined,
  free: undefined,
  idle: undefined,
  dead: undefined,
  expires: undefined,
  grantedAt: 0,
  longest: 0,
  standsBack: undefined,
  turned: undefined,
});

/** How long nobody of a process asks when it is another's turn, milliseconds. */
export const STANDS_BACK = 1250;

/** How long a place lasts without a poll, milliseconds. */
export const longest = ({ plan }: Client): number => (plan.listens ? 3000 : 11_000);

/** How long one who keeps this place may let pass without asking, milliseconds. */
export const intervalOf = ({ life }: Seat): number => (life - 1000) / 2;
