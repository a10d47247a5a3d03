import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { stated } from "./support/billed.ts";
import { type Deployment, deploy } from "./support/deploy.ts";
import { later, MINUTE } from "./support/later.ts";
import { outside } from "./support/outside.ts";
import { NODE, run, TSC } from "./support/run.ts";

let redis: RedisServer;
let client: RespClient;
let rest: RestServer;
let app: Deployment;
let script: string;
beforeAll(async () => {
  app = deploy("cloudflare-cron");
  redis = await startRedis();
  client = respClient(redis.url);
  rest = await startRestServer({ redisUrl: redis.url });
  const entry = join(app.folder, "src/index.ts");
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
  script = (outputFiles[0] as { text: string }).text;
});
afterAll(async () => {
  client.close();
  await rest.close();
  await redis.stop();
  app.remove();
});

interface Scheduled {
  scheduled(options: { scheduledTime: Date; cron?: string }): Promise<{ outcome: string }>;
}

/** Miniflare's types have lost it on the way. */
const scheduledOf = async (miniflare: Miniflare) => (await miniflare.getWorker()) as unknown as Scheduled;

const QUIET = { handleRuntimeStdio: (...streams: Readable[]) => streams.forEach((stream) => void stream.resume()) };

/** Deployments of the Worker, each in a workerd of its own, and the chat that it writes to. */
async function deployed<T>(
  count: number,
  status: number,
  use: (deliver: ((minute: number) => Promise<string>)[], calls: { body: string }[]) => Promise<T>,
): Promise<T> {
  const chat = await outside(() => ({ status, body: "" }));
  const bindings = {
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    CHAT_WEBHOOK_URL: chat.url,
  };
  const all = Array.from(
    { length: count },
    () =>
      new Miniflare({
        modules: [{ type: "ESModule", path: "index.mjs", contents: script }],
        compatibilityDate: "2026-07-01",
        cf: false,
        bindings,
        ...QUIET,
      }),
  );
  try {
    const deliver = await Promise.all(
      all.map(async (miniflare) => {
        const worker = await scheduledOf(miniflare);
        return async (minute: number) => {
          return (await worker.scheduled({ scheduledTime: at(minute), cron: "*/5 * * * *" })).outcome;
        };
      }),
    );
    return await use(deliver, chat.calls);
  } finally {
    await Promise.all(all.map((miniflare) => miniflare.dispose()));
  }
}

const at = (minute: number) => new Date(Date.UTC(2026, 10, 1, 0, minute));
const text = (minute: number) => JSON.stringify({ text: `The digest of ${at(minute).toISOString()}` });

test("compiles", async () => {
  await run(app.folder, [NODE, TSC]);
});

test("a tick that three deployments get, two of them twice, is run once; the next one is another", async () => {
  await deployed(3, 200, async (deliver, calls) => {
    const [one, two, three] = deliver as [never, never, never] as ((minute: number) => Promise<string>)[];
    const all = (minute: number) => Promise.all([one?.(minute), two?.(minute), three?.(minute), one?.(minute)]);
    expect(await all(5)).toEqual(Array(4).fill("ok"));
    expect(await two?.(5)).toBe("ok");
    expect(calls.map(({ body }) => body)).toEqual([text(5)]);
    // At once: what the last tick keeps is no concern of this one's.
    await all(10);
    expect(calls.map(({ body }) => body)).toEqual([text(5), text(10)]);
  });
});

test("deliveries of a tick come over nearly an hour, those of later ticks between them: each tick is run once", async () => {
  await deployed(3, 200, async (deliver, calls) => {
    const ticks = Array.from({ length: 11 }, (_, index) => 60 + index * 5);
    for (const [index, current] of ticks.entries()) {
      // The first one comes again and again, the current one now, and one from between again.
      const due = [60, current, ticks[Math.floor(index / 2)] as number];
      for (const [deployment, minute] of due.entries()) expect(await deliver[deployment]?.(minute)).toBe("ok");
      await later(client, 5 * MINUTE);
    }
    expect(calls.map(({ body }) => body)).toEqual(ticks.map(text));
  });
});

test("a tick that failed is not run again, neither there nor elsewhere", async () => {
  await deployed(2, 500, async ([one, two], calls) => {
    expect(await one?.(20)).toBe("exception");
    expect(await one?.(20)).toBe("ok");
    expect(await two?.(20)).toBe("ok");
    expect(calls).toHaveLength(1);
  });
});

test("a deployment that is gone in the middle of a tick keeps it", async () => {
  const chat = await outside(() => new Promise(() => {}));
  const bindings = {
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: rest.token,
    CHAT_WEBHOOK_URL: chat.url,
  };
  const modules = [{ type: "ESModule" as const, path: "index.mjs", contents: script }];
  const dying = new Miniflare({ modules, compatibilityDate: "2026-07-01", cf: false, bindings, ...QUIET });
  const worker = await scheduledOf(dying);
  const delivery = worker.scheduled({ scheduledTime: at(30) }).catch(() => {});
  await chat.called(1);
  await dying.dispose();
  await delivery;
  await deployed(1, 200, async ([other], calls) => {
    expect(await other?.(30)).toBe("ok");
    expect(calls).toEqual([]);
  });
});

test("a tick costs what the page says", async () => {
  await deployed(1, 200, async ([deliver]) => {
    await deliver?.(40);
    const first = await rest.countBilled(async () => deliver?.(45));
    const second = await rest.countBilled(async () => deliver?.(45));
    expect(first.billed).toBe(stated("cloudflare-cron", "the delivery that does the work"));
    expect(second.billed).toBe(stated("cloudflare-cron", "another delivery of the tick"));
  });
});
