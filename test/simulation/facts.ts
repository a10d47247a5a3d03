import type { Lease } from "../../src/index.ts";
import type { Client } from "./client.ts";
import { labelOf } from "./command.ts";

/** What is known of a token, from the servers' side. */
export interface TokenFacts {
  id: string;
  label: string;
  client: Client;
  lock: string;
  /** World time of its grant; of the last one before a call returned a lease of it. */
  grantedAt: number | undefined;
  /** Its fence, as it stands in the record; after a loss of data a copy of its request may have been given another. */
  fence: string;
  /** All that it was given, and how often the server had lost data when it was given or shown the last. */
  fences: Set<string>;
  lossesAtFence: number;
  /** Whether it was granted by force, and the name was found free afterwards by who forced it. */
  byForce: boolean;
  foundFree: boolean;
  /** Whether only a repeated request was granted: its caller had been told otherwise. */
  byCopy: boolean;
  /** Force, or a deletion by somebody else, took its key away. */
  evicted: string | undefined;
  /** How many entries the record had been given when its grant's was written. */
  recordedAt: number | undefined;
  /** The same for the entry that says it was released. */
  releasedAt: number | undefined;
  /** How often the server had lost data then. */
  lossesThen: number;
  releaseSent: boolean;
  /** Whether Redis said that its time is over. */
  spent: boolean;
  /** Whether a call returned a lease of it. */
  leased: boolean;
  leasedAt: number | undefined;
  minHold: number;
  /** Whether two processes restored it. */
  shared: boolean;
  denied: boolean;
  /** Where there are several servers: what each of them has to do with it. */
  ballots: Ballot[];
}

/** What one of several servers gave a token. */
export interface Ballot {
  granted: boolean;
  byCopy: boolean;
  denied: boolean;
  releaseSent: boolean;
  /** Whether it said later that the token has nothing, and another perhaps has. */
  over: boolean;
  /** How many entries its record had been given when the token's own was written. */
  recordedAt: number | undefined;
  /** The same for the entry that says it was released, and how often data was lost then. */
  releasedAt: number | undefined;
  lossesThen: number;
  /** The counter that it was last shown, and how often the server had lost data then. */
  fence: number;
  lossesAtFence: number;
  /** The last fence of the name that the server knew just before it granted. */
  knew: number;
  /** What its counter was, while the token held the lock. */
  counters: Set<number>;
}

export function newBallot(): Ballot {
  return {
    granted: false,
    byCopy: false,
    denied: false,
    releaseSent: false,
    over: false,
    recordedAt: undefined,
    releasedAt: undefined,
    lossesThen: 0,
    fence: 0,
    lossesAtFence: 0,
    knew: 0,
    counters: new Set(),
  };
}

/** A lease in the hands of a program. */
export interface Holding {
  lease: Lease;
  client: Client;
  token: TokenFacts;
  ttl: number;
  /** The fence that its token had when it came. */
  fence: string;
  suspensions: number;
  /** Set when the program gave it up, or was told that it was lost. */
  ended: "released" | "handed over" | "lost" | undefined;
  /** Whether `held` was seen to be true, and then false. */
  wasHeld: boolean;
  wasOver: boolean;
}

export function newToken(token: string, client: Client, lock: string): TokenFacts {
  const id = token.slice(0, 23);
  return {
    id,
    label: labelOf(token) || id.slice(0, 6),
    client,
    lock,
    grantedAt: undefined,
    fence: "",
    fences: new Set(),
    lossesAtFence: 0,
    byForce: false,
    foundFree: false,
    byCopy: false,
    evicted: undefined,
    recordedAt: undefined,
    releasedAt: undefined,
    lossesThen: 0,
    releaseSent: false,
    spent: false,
    leased: false,
    leasedAt: undefined,
    minHold: 0,
    shared: false,
    denied: false,
    ballots: [],
  };
}
