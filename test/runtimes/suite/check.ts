/** Assertions that need nothing of any runtime, nor a second copy of the library. */
export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  ok(Object.is(actual, expected), `${what}: expected ${String(expected)}, got ${String(actual)}`);
}

/** What a call rejects with, or throws. */
export async function refusal(call: () => unknown, what: string): Promise<Error & { code?: string }> {
  let value: unknown;
  try {
    value = await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${what}: expected an error, got ${String(value)}`);
}

/** Asks again until the answer is empty; then, or after `ms`, says what it was. */
export async function settled(ask: () => Promise<string>, ms: number): Promise<string> {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer === "" || Date.now() >= deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
