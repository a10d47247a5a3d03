import type { LockErrorByCode, LockErrorCode } from "../../src/index.ts";
import { isLockError } from "../../src/index.ts";

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  ok(Object.is(actual, expected), `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function atLeast(actual: number, limit: number, what: string): void {
  ok(actual >= limit, `${what}: expected ${limit} or more, got ${actual}`);
}

export function atMost(actual: number, limit: number, what: string): void {
  ok(actual <= limit, `${what}: expected ${limit} or less, got ${actual}`);
}

export function includes(text: string, part: string, what: string): void {
  ok(text.includes(part), `${what}: expected ${show(part)} in ${show(text)}`);
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: expected a rejection, got ${show(value)}`);
}

/** The error of the given code that a promise rejects with. */
export async function fails<Code extends LockErrorCode>(
  promise: Promise<unknown>,
  code: Code,
  what: string,
): Promise<LockErrorByCode[Code]> {
  const error = await rejection(promise, what);
  ok(isLockError(error, code), `${what}: expected an error with code ${code}, got ${show(error)}`);
  return error;
}
