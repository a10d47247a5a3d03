import { context } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll } from "vitest";
import { useContext, type Watched, watched } from "./sdk.ts";

let open: Watched[] = [];

/** Locks that are watched until the test is over. */
export function watching(...args: Parameters<typeof watched>): Watched {
  const each = watched(...args);
  open.push(each);
  return each;
}

/** For a file of tests: the context manager of the process, and what is watched is shut down after each. */
export function withOpenTelemetry(): void {
  beforeAll(() => useContext());
  afterEach(async () => {
    await Promise.all(open.map((each) => each.end()));
    open = [];
  });
  afterAll(() => context.disable());
}
