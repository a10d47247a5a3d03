import { LockOptionsError } from "./errors.ts";
import type { Hold } from "./hold.ts";
import type { Duration } from "./options.ts";
import { readTtl } from "./options.ts";
import type { Signal } from "./signal.ts";

/** What {@link Lease.handOver} gives and `locks.restore` takes. Contains the token: whoever has it has the lock. */
export interface SerializedLease {
  name: string;
  /** The secret that proves the holding. */
  token: string;
  /** The fencing token, if one was minted. */
  fence?: number | undefined;
  /** The ttl in milliseconds that `extend` and renewal go on with. @default the ttl of the options */
  ttl?: number | undefined;
  /** What is left of `minHold`, in milliseconds. @default the `minHold` of the options */
  minHold?: number | undefined;
}

/**
 * A lock that is held, until it is released, lost, or its time is over.
 *
 * @example
 * ```ts
 * await using lease = await locks.acquire("invoice:42");
 * await database.charge({ fence: lease.fence, signal: lease.signal });
 * ```
 */
export class Lease implements AsyncDisposable {
  readonly #hold: Hold;

  /** @internal Made by `createLocks`. */
  constructor(hold: Hold) {
    this.#hold = hold;
  }

  /** The name of the lock, without the prefix. */
  get name(): string {
    return this.#hold.keys.name;
  }

  /** The secret that proves the holding. Not for logs. */
  get token(): string {
    return this.#hold.token;
  }

  /** The `owner` label it was taken with. */
  get owner(): string | undefined {
    return this.#hold.owner;
  }

  /** Always `"exclusive"` for now. */
  get mode(): "exclusive" {
    return "exclusive";
  }

  /**
   * The fencing token: larger for every later grant of this name, a safe integer. Hand it to the resource, which
   * refuses whatever comes with a smaller one than it has seen.
   * After Martin Kleppmann, "How to do distributed locking", 2016.
   *
   * @throws {LockOptionsError} if none was minted (`fence: false`), so that no `undefined` reaches a database.
   */
  get fence(): number {
    const { fence, keys } = this.#hold;
    if (fence === undefined) {
      throw new LockOptionsError("There is no fence: take the lock without fence: false.", { lockName: keys.name });
    }
    return fence;
  }

  /** Until when the lock is held if nothing extends it, in epoch milliseconds of this machine's clock, conservatively. */
  get expiresAt(): number {
    const { monoEnd, wallEnd, core } = this.#hold;
    return Math.floor(Math.min(wallEnd, core.clock.now() + monoEnd - core.clock.monotonic()));
  }

  /** Milliseconds until then; 0 once the lease has ended, and in a restored lease that was not verified. */
  remaining(): number {
    return this.#hold.remaining();
  }

  /**
   * Whether the lock is held: judged anew each time, so it is right on the line after a blocked event loop.
   * What Redis alone can know (a deletion, a failover) it learns at the next renewal, or from {@link verify}.
   */
  get held(): boolean {
    return this.#hold.held();
  }

  /** Aborts with a `LockLostError` when the lease is lost, before its ttl lets anyone else in. */
  get signal(): Signal {
    return this.#hold.signal;
  }

  /**
   * Extends the lock. Never shortens it. Renewal goes on with the longest ttl that was asked for.
   *
   * @param ttl From now, 20 ms to 24 h. @default the longest ttl that was asked for so far
   * @returns The new {@link expiresAt}.
   * @throws {LockLostError} if it is no longer held.
   * @throws {LockBackendError} if Redis did not answer in time; the old deadline holds then.
   */
  async extend(ttl?: Duration): Promise<number> {
    const hold = this.#hold;
    const ms = ttl === undefined ? hold.ttl : readTtl(ttl);
    if (!hold.usable()) throw hold.gone();
    if (!(await hold.ask("extend", (send) => hold.refresh(ms, send)))) throw hold.gone();
    hold.ttl = Math.max(hold.ttl, ms);
    hold.maxHoldAt = Math.max(hold.maxHoldAt, hold.monoEnd);
    return this.expiresAt;
  }

  /**
   * Asks Redis whether the lock is still held. In a Worker this is the way to know: clocks stand still there without
   * I/O.
   *
   * @throws {LockBackendError} if Redis did not answer in time.
   */
  async verify(): Promise<boolean> {
    const hold = this.#hold;
    return hold.usable() && hold.ask("verify", (send) => hold.refresh(undefined, send));
  }

  /**
   * Gives the lock back. Called twice it answers the same.
   *
   * @returns True when this holder freed it; false when it was no longer ours, which is no error.
   * @throws {LockBackendError} if Redis did not answer until the deadline. The ttl frees it then.
   */
  release(): Promise<boolean> {
    return this.#hold.release();
  }

  /** Releases and never throws; what went wrong goes to `onEvent`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hold.discard();
  }

  /**
   * Passes the lock on: what `locks.restore` takes, here or in another process. Afterwards this handle neither renews
   * nor releases, and its `held` is false.
   *
   * @throws {LockLostError} if it is no longer held.
   * @example
   * ```ts
   * const lease = await locks.acquire("import");
   * await queue.send({ lease: lease.handOver() });
   * // in the worker:
   * await using lease = locks.restore(message.lease, { renew: true });
   * if (!(await lease.verify())) return;
   * ```
   */
  handOver(): SerializedLease {
    const hold = this.#hold;
    if (!hold.usable()) throw hold.gone();
    hold.stop("handed over");
    return { name: this.name, token: this.token, fence: hold.fence, ttl: hold.ttl, minHold: hold.rest() };
  }

  /** Name, owner, mode and deadline: safe in a log. */
  toJSON(): { name: string; owner: string | undefined; mode: "exclusive"; expiresAt: number } {
    const { name, owner, mode, expiresAt } = this;
    return { name, owner, mode, expiresAt };
  }
}
