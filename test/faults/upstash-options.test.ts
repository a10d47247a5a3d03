import { inspect } from "node:util";
import { expect, inject, test } from "vitest";
import { type UpstashOptions, upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { failsWith, noUnhandledRejections, outcome } from "../support/outcome.ts";
import { restBench } from "../support/rest-bench.ts";

const url = "https://eu1-calm-cod-1234.upstash.io";
const token = "AXsdASQgM2Y-secret";

noUnhandledRejections();

test.each([
  undefined,
  "",
  "eu1-calm-cod-1234.upstash.io",
  "redis://default:pw@eu1-calm-cod-1234.upstash.io:6379",
  "rediss://eu1-calm-cod-1234.upstash.io",
  "https://user@eu1-calm-cod-1234.upstash.io",
  "ftp://eu1-calm-cod-1234.upstash.io",
])("an address that cannot be right is refused: %s", (address) => {
  expect(() => upstash({ url: address as string, token })).toThrow(/url .*UPSTASH_REDIS_REST_URL/);
});

test.each([0, -1, Number.NaN, "5s"])("a time limit that cannot be right is refused: %s", (timeout) => {
  expect(() => upstash({ url, token, timeout: timeout as number })).toThrow(/timeout .*milliseconds/);
});

test.each([undefined, "", "two words", '"quoted"', "'quoted'", "line\n", "tab\t", "umläut"])(
  "a token that cannot be right is refused: %j",
  (wrong) => {
    expect(() => upstash({ url, token: wrong as string })).toThrow(/token .*UPSTASH_REDIS_REST_TOKEN/);
    const { message } = (() => {
      try {
        return upstash({ url, token: wrong as string }) as never;
      } catch (error) {
        return error as Error;
      }
    })();
    if (wrong) expect(message).not.toContain(wrong);
  },
);

test.each([
  "http://example.com",
  "http://10.0.0.5:8079",
  "http://localhost.example.com",
  "http://127.0.0.1.example.com",
])("no token over plain http to another host: %s", (address) => {
  expect(() => upstash({ url: address, token })).toThrow(/http:.*https:.*allowHttp/);
  expect(() => upstash({ url: address, token, allowHttp: true })).not.toThrow();
});

test.each(["http://localhost:8079", "http://127.0.0.1:8079", "http://[::1]:8079", url])(
  "taken as it is: %s",
  (address) => expect(() => upstash({ url: address, token })).not.toThrow(),
);

test.each([undefined, null, "https://example.com", 7, () => {}, {}])("%s is no options", (wrong) => {
  expect(() => upstash(wrong as unknown as UpstashOptions)).toThrow(TypeError);
});

test("fromEnv reads the two variables, and names the one that is missing", async () => {
  const rest = await restBench(`${inject("redisPrefix")}env:`, { redisUrl: inject("redisUrl") });
  const env = { UPSTASH_REDIS_REST_URL: rest.server.url, UPSTASH_REDIS_REST_TOKEN: rest.server.token };
  const lock = rest.fresh();
  const locks = createLocks(upstash.fromEnv(env), { prefix: `${inject("redisPrefix")}env:` });
  expect(await locks.request(lock.name, () => "done")).toBe("done");
  for (const name of Object.keys(env)) {
    expect(() => upstash.fromEnv({ ...env, [name]: undefined })).toThrow(name);
    expect(() => upstash.fromEnv({ ...env, [name]: "" })).toThrow(name);
  }
  expect(() => upstash.fromEnv(undefined as never)).toThrow(TypeError);
  await rest.close();
});

test("neither the REST token nor a lock's token is in any error", async () => {
  const rest = await restBench(`${inject("redisPrefix")}secret:`, { redisUrl: inject("redisUrl"), token });
  const wrong = createLocks(upstash({ url: rest.server.url, token: "another-secret" }));
  const unauthorized = await failsWith("BACKEND", wrong.acquire("x"));
  expect(unauthorized.message).toMatch(/401.*token/);
  expect(inspect(unauthorized, { depth: 9, showHidden: true })).not.toContain("another-secret");

  const echo: typeof fetch = async (_url, init) => {
    throw new TypeError("fetch failed", { cause: new Error(inspect(init, { depth: 9 })) });
  };
  const leaky = createLocks(rest.transport("own", { fetch: echo }), { wait: 50, commandTimeout: 100 });
  const { error } = await outcome(leaky.acquire("x", { owner: "me" }));
  const shown = inspect(error, { depth: 9, showHidden: true });
  expect(shown).not.toContain(token);
  expect(shown).not.toMatch(/\bt[\w-]{22}\b/);
  await leaky.close();
  await rest.close();
});
