/** What is used of a signal, where the program's types have no `AbortSignal`: neither the DOM's nor a runtime's. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * The platform's `AbortSignal`. The published declarations add an empty interface of that name to the global ones, so
 * that they can ask whether it is more than empty: Cloudflare's is a class, which `typeof globalThis` does not show.
 */
export type Signal = object extends AbortSignal ? AbortSignalLike : AbortSignal;
