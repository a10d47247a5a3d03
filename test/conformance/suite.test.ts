// biome-ignore-all lint/style/noRestrictedImports: this file tests the suite, and is not published with it
import { expect, test } from "vitest";
import type { MemoryTransport } from "../../adapters/memory.ts";
import { memory } from "../../adapters/memory.ts";
import type { Transport } from "../../src/index.ts";
import { createLocks } from "../../src/index.ts";
import { conformance } from "./index.ts";

/** Runs the suite, or some of its tests, and tells what failed and why. */
async function failures(transport: () => Transport, only = /^/): Promise<string[]> {
  const chosen: { name: string; fn: () => Promise<void> }[] = [];
  conformance({ test: (name, fn) => only.test(name) && chosen.push({ name, fn }), transport });
  expect(chosen.length, `tests called ${only}`).toBeGreaterThan(0);
  const failed: string[] = [];
  async function runner(): Promise<void> {
    for (let next = chosen.shift(); next; next = chosen.shift()) {
      const { name, fn } = next;
      await fn().catch((error) => failed.push(`${name}: ${error.message}`));
    }
  }
  await Promise.all(Array.from({ length: 20 }, runner));
  return failed;
}

const exactly = (name: string) => new RegExp(`^${name.replace(/\W/g, "\\$&")}$`);

type Wrong = (inner: MemoryTransport) => Partial<Transport>;

const twice: Wrong = (inner) => ({
  set: (...args) => inner.set(...args).then(() => inner.set(...args)),
  eval: (...args) => inner.eval(...args).then(() => inner.eval(...args)),
});

const FREE_AND_TAKEN = 'port: set answers "OK" for a free key and null for a taken one';
const ITS_MILLISECONDS = "port: set's px is how many milliseconds the key lives";
const AS_IT_IS = "port: set stores the value as it is, and eval brings it back";
const ARRAYS = "port: eval brings back arrays, of texts and integers";
const LOST_LABEL = /the label inside a value that was set: expected "plain", got undefined/;

const WRONG: readonly (readonly [what: string, wrong: Wrong, caughtBy: string, saying: RegExp])[] = [
  [
    "ignores nx",
    (inner) => ({
      async set(key, value, options) {
        await createLocks(inner, { prefix: "" }).forceRelease(key);
        return inner.set(key, value, options);
      },
    }),
    FREE_AND_TAKEN,
    /set\(\) of a taken key: expected null, got "OK"/,
  ],
  [
    "answers OK whatever happened",
    (inner) => ({ set: async (...args) => (await inner.set(...args)) ?? "OK" }),
    FREE_AND_TAKEN,
    /set\(\) of a taken key: expected null, got "OK"/,
  ],
  [
    "answers true for OK",
    (inner) => ({ set: async (...args) => (await inner.set(...args)) === "OK" }),
    FREE_AND_TAKEN,
    /set\(\) of a free key: expected "OK", got true/,
  ],
  [
    "answers undefined for null",
    (inner) => ({ set: async (...args) => (await inner.set(...args)) ?? undefined }),
    FREE_AND_TAKEN,
    /set\(\) of a taken key: expected null, got undefined/,
  ],
  ["sends everything twice", twice, FREE_AND_TAKEN, /set\(\) of a free key: expected "OK", got null/],
  [
    "loses px",
    (inner) => ({ set: (key, value) => inner.set(key, value, { nx: true, px: 1e12 }) }),
    ITS_MILLISECONDS,
    /px: 5000 has \d+ ms left/,
  ],
  [
    "takes milliseconds for seconds",
    (inner) => ({ set: (key, value, { px }) => inner.set(key, value, { nx: true, px: px * 1000 }) }),
    ITS_MILLISECONDS,
    /px: 5000 has \d+ ms left/,
  ],
  [
    "shortens px",
    (inner) => ({ set: (key, value, { px }) => inner.set(key, value, { nx: true, px: px / 5 }) }),
    ITS_MILLISECONDS,
    /px: 5000 has only \d+ ms left/,
  ],
  [
    "cuts values at a line break",
    (inner) => ({ set: (key, value, options) => inner.set(key, value.split(/[\r\n]/)[0] as string, options) }),
    AS_IT_IS,
    /expected "two\\nlines/,
  ],
  [
    "writes Latin-1",
    (inner) => ({ set: (key, value, options) => inner.set(key, value.replace(/[^\0-\xff]/g, "?"), options) }),
    AS_IT_IS,
    /expected "naïve ☃ 🔒", got "naïve \?/,
  ],
  [
    "swallows errors as null",
    (inner) => ({ eval: (...args) => inner.eval(...args).catch(() => null) }),
    "port: eval rejects when the server refuses the script",
    /expected a rejection, got null/,
  ],
  [
    "rejects with texts",
    (inner) => ({ eval: (...args) => inner.eval(...args).catch((error) => Promise.reject(error.message)) }),
    "port: eval rejects when the server refuses the script",
    /has to reject with an Error/,
  ],
  [
    "answers with what another request was told",
    (inner) => {
      let last: unknown = null;
      return {
        async set(...args) {
          const before = last;
          last = await inner.set(...args);
          return before;
        },
      };
    },
    "port: requests at the same time get their own answers",
    /the answer to set\(\) \d+ of 20/,
  ],
  [
    "makes JSON of arrays",
    (inner) => ({ eval: async (...args) => JSON.stringify(await inner.eval(...args)) }),
    ARRAYS,
    /returns an array answered "\[/,
  ],
  [
    "makes text of arrays",
    (inner) => ({ eval: async (...args) => String(await inner.eval(...args)) }),
    ARRAYS,
    /returns an array answered "free,/,
  ],
  [
    "mixes up keys and args",
    (inner) => ({ eval: (script, keys, args) => inner.eval(script, args, keys) }),
    AS_IT_IS,
    LOST_LABEL,
  ],
  [
    "passes keys as args",
    (inner) => ({ eval: (script, keys, args) => inner.eval(script, [], [...keys, ...args]) }),
    AS_IT_IS,
    LOST_LABEL,
  ],
  [
    "puts a prefix before the keys of set alone",
    (inner) => ({ set: (key, value, options) => inner.set(`app:${key}`, value, options) }),
    "neighbours: we exclude another library, with a fence",
    /their SET NX PX while we hold the lock: expected null, got "OK"/,
  ],
  [
    "deletes without comparing",
    (inner) => ({
      async deleteIf(key) {
        return (await createLocks(inner, { prefix: "" }).forceRelease(key)) ? 1 : 0;
      },
    }),
    "port: deleteIf, where there is one, deletes only the value that it was given",
    /deleteIf\(\) of another value answered 1/,
  ],
  [
    "says that it deleted, and did not",
    () => ({ deleteIf: async () => 1 }),
    "release: a released lock is free",
    /query\(\) of a released lock does not say free/,
  ],
  [
    "remembers answers",
    (inner) => {
      const known = new Map<string, unknown>();
      return {
        async eval(...args) {
          const request = JSON.stringify(args);
          if (!known.has(request)) known.set(request, await inner.eval(...args));
          return known.get(request);
        },
      };
    },
    "operators: query tells who has a lock, and changes nothing",
    /held: expected true, got false/,
  ],
];

test.concurrent.each(WRONG)("an adapter that %s is caught", async (_, wrong, caughtBy, saying) => {
  const inner = memory();
  const [failure, ...others] = await failures(
    () => ({ set: inner.set, eval: inner.eval, ...wrong(inner) }),
    exactly(caughtBy),
  );
  expect(others).toEqual([]);
  expect(failure).toMatch(saying);
});

test.concurrent("two clients of different stores are caught", async () => {
  expect((await failures(() => memory(), exactly(FREE_AND_TAKEN))).join()).toMatch(
    /by a second client: expected null, got "OK"/,
  );
});

test.concurrent("a client that cannot be made fails every test, with its reason", async () => {
  const refused = () => {
    throw new Error("no address");
  };
  const failed = await failures(refused);
  expect(failed.length).toBeGreaterThan(100);
  for (const failure of failed) expect(failure).toMatch(/: no address$/);
});

const ODD: readonly (readonly [what: string, odd: Wrong])[] = [
  [
    "reads texts of digits as numbers",
    (inner) => ({
      async eval(...args) {
        const parse = (text: unknown) => (typeof text === "string" && /^\d+$/.test(text) ? Number(text) : text);
        return ((await inner.eval(...args)) as unknown[]).map(parse);
      },
    }),
  ],
  [
    "answers numbers as texts",
    (inner) => ({
      async eval(...args) {
        return ((await inner.eval(...args)) as unknown[]).map(String);
      },
    }),
  ],
  [
    "parses texts as JSON, like @upstash/redis",
    (inner) => {
      const parse = (text: unknown) => {
        try {
          return JSON.parse(text as string);
        } catch {
          return text;
        }
      };
      return { eval: async (...args) => ((await inner.eval(...args)) as unknown[]).map(parse) };
    },
  ],
];

test.concurrent.each(ODD)("an adapter that %s passes", async (_, odd) => {
  const inner = memory();
  expect(await failures(() => ({ set: inner.set, eval: inner.eval, ...odd(inner) }))).toEqual([]);
});

test.concurrent("an adapter that sends everything twice makes no lock unsafe all the same", async () => {
  const inner = memory();
  const themes = /^(names|basics|keeping|release|closing|wrapping|replays|stragglers|lost replies|malformed replies):/;
  expect(await failures(() => twice(inner) as Transport, themes)).toEqual([]);
});
