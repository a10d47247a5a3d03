import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { read, tableUnder } from "../docs/markdown.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { MANY, SINGLE } from "./entries/index.ts";
import { createLock, IoredisAdapter, MultiSemaphore, Semaphore } from "./libraries.ts";
import { SYSTEMS } from "./systems.ts";

const page = read("docs/migrating.md");

/** The first table: who is named, what is said of the keys, whether they exclude each other. */
const rows = tableUnder(page, "Moving from another lock").map(([from = "", keys = "", excluded = ""]) => ({
  from: from.replaceAll(/\(#[^)]*\)/g, ""),
  keys,
  // Of the one that takes it from an option: none of these tests gives it, but for one.
  prefix: /^`(?!keyPrefix)([^`]+)` \+ /.exec(keys)?.[1] ?? "",
  excluded,
}));

const section = (heading: string) => page.split(`\n## ${heading}\n`)[1]?.split(/^## /m)[0] ?? "";

/** Whom the page means by the name that an entry of these tests has. */
const named = (library: string) =>
  rows.find(({ from, excluded }) => from.includes(library.split(" ")[0] as string) && !excluded.includes("**no**"));

let server: RedisServer;
let redis: Redis;
let rest: RestServer;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  rest = await startRestServer({ redisUrl: server.url });
});
afterAll(async () => {
  redis?.disconnect();
  await rest?.close();
  await server?.stop();
});

test("the versions in its headings are those that are installed", () => {
  const { dependencies } = JSON.parse(read("test/migrating/package.json"));
  const installed = Object.entries<string>(dependencies).map(([name, version]) =>
    version.startsWith("npm:") ? version.slice(4).replace(/@(?=[^@]*$)/, " ") : `${name} ${version}`,
  );
  const headings = [...page.matchAll(/^## (.+ \d+\.\d+\.\d+\S*)$/gm)].map(([, heading]) => heading);
  expect(headings.sort()).toEqual(installed.sort());
  for (const { library } of [...SINGLE, ...MANY]) expect(installed).toContain(library.split(",")[0]);
});

describe("the first table says which keys a library writes", () => {
  test.for([...SINGLE, ...MANY])("$library", async ({ library, prefix, open }) => {
    const row = named(library);
    expect(row).toMatchObject({ excluded: expect.stringMatching(/^yes, tested with the library$/) });
    expect(row?.prefix).toBe(prefix);

    const name = `page-${library}`;
    const theirs = await open({ urls: [server.url], rest });
    const before = await redis.keys("*");
    const held = await theirs.take(name, 60_000);
    const written = (await redis.keys("*")).filter((key) => !before.includes(key) && !key.includes("fencing-tokens"));
    expect(written).toEqual([prefix + name]);
    expect(await redis.type(prefix + name)).toBe("string");
    await held?.release();
    await theirs.close();
  });

  test("redlock-universal with a keyPrefix", async () => {
    expect(named("redlock-universal")?.keys).toBe("`keyPrefix` + key");
    const adapter = new IoredisAdapter(redis, { keyPrefix: "app:" });
    const lock = createLock({ adapter, key: "page" });
    const handle = await lock.acquire();
    expect(await redis.get("app:page")).toBe(handle.value);
    await lock.release(handle);
  });

  test("the semaphores of redis-semaphore", async () => {
    const row = rows.find(({ from }) => from.includes("`Semaphore` and `MultiSemaphore`"));
    expect(row).toMatchObject({ keys: "`semaphore:` + key, a sorted set", excluded: "**no**" });
    for (const semaphore of [
      new Semaphore(redis as never, "page", 1),
      new MultiSemaphore(redis as never, "page-multi", 2, 2),
    ]) {
      await semaphore.acquire();
    }
    for (const name of ["page", "page-multi"]) {
      expect(await redis.type(row?.prefix + name)).toBe("zset");
      await redis.del(row?.prefix + name);
    }
  });

  test.for(SYSTEMS)("$system, as its commands are sent here", ({ system, prefix }) => {
    for (const name of system.replace(" without expire", "").split(", ")) {
      expect(rows.find(({ from }) => from.includes(`[${name}]`))?.prefix).toBe(prefix);
    }
  });
});

describe("each section gives createLocks the prefix of the table", () => {
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading).slice(1);

  test.for(headings)("%s", (heading) => {
    const prefix = rows.find(({ from }) => from.includes(heading.split(" ")[0] as string))?.prefix;
    const text = section(heading);
    const given = [...text.matchAll(/prefix: "([^"]*)"/g)].map(([, one]) => one);
    expect(new Set(given)).toEqual(new Set(given.length > 0 ? [prefix] : []));
    if (given.length === 0) {
      expect(text).toMatch(
        prefix === "lock:"
          ? /^\*\*Both at once\.\*\* The default prefix\./m
          : /^\*\*Both at once\.\*\* As with redlock 5\./m,
      );
    }
  });
});
