import { ok } from "./assert.ts";

/** For what surely comes, on the slowest machine: the limit of a wait whose length no test is about. */
const PATIENCE = 10_000;

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Milliseconds since it was made. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

/** Waits for something that another task is about to bring about. */
export async function until(happened: () => unknown, what: string): Promise<void> {
  const elapsed = stopwatch();
  while (!(await happened())) {
    ok(elapsed() < PATIENCE, `waited ${PATIENCE} ms in vain: ${what}`);
    await sleep(5);
  }
}

/** Resolves when the signal has aborted. */
export async function aborted(signal: AbortSignal, what: string): Promise<void> {
  await until(() => signal.aborted, what);
}
