/**
 * One lock over several independent servers (Redlock).
 *
 * @module holdfast/quorum
 */
import type { Clock } from "./clock.ts";
import type { Call } from "./core.ts";
import type { Duration } from "./options.ts";
import { createPart } from "./quorum-part.ts";
import { createQuorumStore } from "./quorum-store.ts";
import { given, milliseconds, refuse } from "./read-options.ts";
import type { Transport } from "./transport.ts";
import { assertTransport } from "./transport-check.ts";

/** Options of {@link quorum}. */
export interface QuorumOptions {
  /**
   * How many stores have to agree, a whole number: from the majority up to all of them. Fewer could grant one lock twice.
   * @default the majority: half of the stores, rounded down, and one
   */
  quorum?: number | undefined;
  /**
   * What any one store is given for an answer, 1 ms or more; never more than `commandTimeout`. A store that answers
   * later counts as failed, and what it granted is given back. Only a majority that hangs makes anybody wait for it.
   * @default a tenth of the ttl, but 100 ms at least
   */
  timeout?: Duration | undefined;
  /**
   * The longest ttl of any lock over these stores, by whatever program. A server that has been running for less is left
   * out of grants (the *delayed restart* of Redlock): it may have forgotten a lock that is still held. Longer ttls are
   * then refused, with a `LockOptionsError`. 0 or more; `0` if no server ever forgets (`appendonly yes` and `appendfsync always`).
   * @default the ttl of the call
   */
  maxTtl?: Duration | undefined;
}

/** Several independent stores, for `createLocks`. Made by {@link quorum}. */
export interface Quorum {
  /** How many stores there are. */
  readonly size: number;
  /** How many of them have to agree. */
  readonly majority: number;
  /** @internal What `createLocks` makes of it. */
  open(clock: Clock): object;
}

/**
 * Many independent Redis servers as one: a lock is held by whoever a majority of them gave it to, so it outlives the
 * failure of the rest. Redlock with what was learned since: each store has its own time limit, late grants are given
 * back, renewal repairs, restarted servers wait, and fences are agreed in a second round. What this promises, and what
 * one server with fences does better, is in `docs/guarantees.md`.
 *
 * After Salvatore Sanfilippo, "Distributed Locks with Redis" (Redlock), and Martin Kleppmann, "How to do distributed
 * locking", 2016.
 *
 * @param stores Transports, of any kind and mixed, each to another server that shares nothing with the others: no
 *   replicas of one another. An odd number makes the best use of them; three or five.
 * @param options How many have to agree, and how long each is given.
 * @throws {LockOptionsError} if there are no stores, one is there twice or is no transport, or an option is not right.
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { createLocks } from "holdfast";
 * import { ioredis } from "holdfast/ioredis";
 * import { quorum } from "holdfast/quorum";
 *
 * const stores = ["redis://red", "redis://green", "redis://blue"].map((url) => ioredis(new Redis(url)));
 * const locks = createLocks(quorum(stores), { ttl: "10s" });
 * ```
 */
export function quorum(stores: readonly Transport[], options?: QuorumOptions): Quorum {
  if (!Array.isArray(stores) || !stores.length) refuse("The list of stores", stores, "one transport or more");
  const transports: readonly Transport[] = stores.map(assertTransport);
  const size = transports.length;
  if (new Set(transports).size < size) refuse("A store", transports[0], "there once: twice it would have two votes");
  const all = given(options, ["quorum", "timeout", "maxTtl"], {});
  const least = Math.floor(size / 2) + 1;
  const { quorum: majority = least } = all;
  if (!Number.isInteger(majority) || majority < least || majority > size)
    refuse("quorum", majority, `a whole number from ${least}, the majority of ${size}, to ${size}`);
  const limit = all.timeout === undefined ? undefined : milliseconds("timeout", all.timeout, 1, Infinity);
  const maxTtl = all.maxTtl === undefined ? undefined : milliseconds("maxTtl", all.maxTtl, 0, Infinity);
  return {
    size,
    majority,
    open: (clock) => {
      const parts = transports.map((transport) => createPart(transport, clock));
      const longestOf = ({ ttl }: Call) => maxTtl ?? ttl;
      const limitOf = ({ ttl, commandTimeout }: Call) => Math.min(limit ?? Math.max(100, ttl / 10), commandTimeout);
      return createQuorumStore({ parts, majority, clock, limitOf, longestOf }, maxTtl);
    },
  };
}
