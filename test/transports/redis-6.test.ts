import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { ACQUIRE, EXTEND } from "../../src/scripts.ts";
import { conforms } from "../support/conformance.ts";

/** The script with the two options that Redis 6.2 does not know replaced by ones that no Redis knows. */
function asBefore7(script: string): string {
  return script
    .replace("'NX', 'GET', 'PX'", "'NX', 'UNKNOWN', 'PX'")
    .replace("'PEXPIRE', lock, arg, 'GT'", "'PEXPIRE', lock, arg, 'UNKNOWN'");
}

test("both of the newer options are refused here", () => {
  expect(asBefore7(ACQUIRE)).not.toBe(ACQUIRE);
  expect(asBefore7(EXTEND)).not.toBe(EXTEND);
});

// No server of version 6.2 is at hand in the tests: a newer one refuses in its stead, and the scripts have to do without.
conforms(
  (url) => {
    const client = new Redis(url);
    const { set, eval: run } = ioredis(client);
    return {
      transport: { set, eval: (script, keys, args) => run(asBefore7(script), keys, args) },
      close: () => client.quit(),
    };
  },
  { inLine: false },
);
