/** What is used of a signal, where the program's types have no `AbortSignal`: neither the DOM's nor a runtime's. */
export interface AbortSignalLike {
  /** Whether it was aborted. */
  readonly aborted: boolean;
  /** Why: of a lease's signal a `LockLostError`; `undefined` until it is aborted. */
  readonly reason: unknown;
  /** Throws the reason if it was aborted. */
  throwIfAborted(): void;
  /** Calls the listener when it is aborted, if it was not already. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Takes the listener away again. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * The platform's `AbortSignal`; an {@link AbortSignalLike} in a program whose types have none. The published declarations add an empty interface of that name to the global ones, so
 * that they can ask whether it is more than empty: Cloudflare's is a class, which `typeof globalThis` does not show.
 */
export type Signal = object extends AbortSignal ? AbortSignalLike : AbortSignal;
