import { context, DiagLogLevel, diag } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { useContext, type Watched, watched } from "./sdk.ts";

let open: Watched[] = [];

/** Locks that are watched until the test is over. */
export function watching(...args: Parameters<typeof watched>): Watched {
  const each = watched(...args);
  open.push(each);
  return each;
}

/** For a file of tests: the context manager of the process, what is watched is shut down after each, and the SDK had nothing to object to. */
export function withOpenTelemetry(): void {
  const warnings: unknown[][] = [];
  const quiet = () => {};
  const warn = (...said: unknown[]) => void warnings.push(said);
  beforeAll(() => {
    diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
    useContext();
  });
  afterEach(async () => {
    await Promise.all(open.map((each) => each.end()));
    open = [];
    expect(warnings.splice(0)).toEqual([]);
  });
  afterAll(() => {
    context.disable();
    diag.disable();
  });
}
