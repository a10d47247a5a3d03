import { afterAll, beforeAll, expect } from "vitest";
import { isLockError, type LockBackendError, type LockErrorByCode } from "../../src/index.ts";

/** For timers that run late and processes that wait for a core: more than any machine here needs. */
export const SLACK = 2500;

export interface Outcome<T> {
  value?: T;
  error?: unknown;
  /** How long it took, in milliseconds. */
  ms: number;
}

/** How a call ended, and after how long. */
export async function outcome<T>(call: Promise<T>): Promise<Outcome<T>> {
  const began = performance.now();
  try {
    return { value: await call, ms: performance.now() - began };
  } catch (error) {
    return { error, ms: performance.now() - began };
  }
}

/** The error with this code that a call rejects with; anything else fails the test. */
export async function failsWith<Code extends keyof LockErrorByCode>(
  code: Code,
  call: Promise<unknown>,
): Promise<LockErrorByCode[Code]> {
  const { error, value } = await outcome(call);
  if (!isLockError(error, code)) throw new Error(`expected ${code}`, { cause: error ?? value });
  return error;
}

/** An outage in words: it names the cause, and what to do. */
export async function outage(call: Promise<unknown>, says: RegExp, hint: RegExp): Promise<LockBackendError> {
  const error = await failsWith("BACKEND", call);
  expect(error.message).toMatch(says);
  expect(error.message).toMatch(hint);
  expect(error.errors).toHaveLength(1);
  expect(error.cause).toBe(error.errors[0]);
  return error;
}

/** Call it at the top of a file: a rejection that nobody handles fails the file. */
export function noUnhandledRejections(): void {
  const seen: unknown[] = [];
  const listener = (reason: unknown) => void seen.push(reason);
  beforeAll(() => void process.on("unhandledRejection", listener));
  afterAll(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", listener);
    expect(seen).toEqual([]);
  });
}
