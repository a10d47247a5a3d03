import fc from "fast-check";
import { expect, test } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, isLockError, type LockEvent } from "../../src/index.ts";
import { fuzz } from "../support/fuzz.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { text, value } from "./arbitraries.ts";
import { texts } from "./watch.ts";

const TOKEN = "AXyz0bearer_TOKEN==";

const json = (what: unknown): string => {
  try {
    return JSON.stringify(what) ?? "";
  } catch {
    return "{";
  }
};

/** What a gateway may send: any status, with a body that is Upstash's, nearly that, or somebody else's page. */
const response = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 301, 400, 401, 403, 404, 429, 500, 502, 503, 0, -1, Number.NaN),
  body: fc.oneof(
    value.map((result) => json({ result })),
    value.map((error) => json({ error })),
    value.map(json),
    fc.constantFrom(
      '{"result":null}',
      '{"result":"OK"}',
      '{"result":["granted",5,"1","="]}',
      '{"result":["granted"',
      "<html>",
      "",
      "[]",
    ),
    fc.constantFrom(
      `{"error":"NOAUTH Bearer ${TOKEN}"}`,
      `authorization: Bearer ${TOKEN}`,
      `{"error":{"a":"Bearer ${TOKEN}"}}`,
    ),
    text,
  ),
  fails: fc.constantFrom(undefined, undefined, undefined, "fetch", "body"),
});

test("a gateway that answers anything: no crash, no fault taken for an answer, no REST token shown", {
  timeout: 300_000,
}, async () => {
  await fuzz(
    5_000,
    fc.tuple(
      fc.constantFrom("tryAcquire", "unfenced", "query", "forceRelease"),
      fc.array(response, { minLength: 1, maxLength: 3 }),
    ),
    async ([call, responses]) => {
      const clock = virtualClock();
      const events: LockEvent[] = [];
      let nth = 0;
      const broken = (): Error =>
        new TypeError(`fetch failed: Bearer ${TOKEN}`, { cause: new Error(`authorization: Bearer ${TOKEN}`) });
      const transport = upstash({
        url: "https://example.com",
        token: TOKEN,
        async fetch(_url, init) {
          await new Promise<void>((resolve) => clock.timer(5, resolve).unref());
          const { status, body, fails } = responses[nth++ % responses.length] as (typeof responses)[number];
          if (fails === "fetch") throw broken();
          expect(JSON.parse(init.body).every((part: unknown) => typeof part === "string")).toBe(true);
          return {
            status,
            text: async () => {
              if (fails === "body") throw broken();
              return body;
            },
          };
        },
      });
      const locks = createLocks(transport, {
        clock,
        ttl: "1s",
        commandTimeout: "200ms",
        onEvent: (event) => void events.push(event),
      });
      const calls: Record<string, () => Promise<unknown>> = {
        tryAcquire: () => locks.tryAcquire("x"),
        unfenced: () => locks.tryAcquire("x", { fence: false }),
        query: () => locks.query("x"),
        forceRelease: () => locks.forceRelease("x"),
      };
      const outcome = await clock.runUntilSettled(
        (calls[call] as () => Promise<unknown>)().catch((error: unknown) => ({ error })),
      );
      const { error } = Object(outcome);
      if (error) expect(isLockError(error, "BACKEND") || isLockError(error, "TIMEOUT"), String(error)).toBe(true);
      await clock.runUntilSettled(locks.close());
      expect(texts([error, events])).not.toContain(TOKEN.slice(0, 12));
    },
  );
});
