import { Redis as UpstashRedis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { upstash } from "../../adapters/upstash.ts";
import { subscribe } from "../../adapters/upstash-subscribe.ts";
import type { Wakeups } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type RestServer, type RestServerOptions, startRestServer } from "../support/rest-server.ts";
import { ear } from "./ear.ts";

noUnhandledRejections();
const redisUrl = inject("redisUrl");
const prefix = `${inject("redisPrefix")}streams:`;
let redis: RespClient;
const servers: RestServer[] = [];
beforeAll(() => {
  redis = respClient(redisUrl);
});
afterAll(async () => {
  redis.close();
  for (const server of servers) await server.close();
});

let stages = 0;
async function stage(options: Partial<Parameters<typeof upstash>[0]> = {}, more: Partial<RestServerOptions> = {}) {
  const server = await startRestServer({ redisUrl, ...more });
  servers.push(server);
  const { url, token, streams } = server;
  const transport = upstash({ url, token, subscribe, ...options });
  const channel = `${prefix}{lock}:${stages++}`;
  return {
    server,
    streams,
    channel,
    listen: (transport.wakeups as Wakeups).listen,
    publish: async (message: string) => expect(await redis.send("PUBLISH", channel, message)).toBe(1),
    closed: () => until(async () => streams.count === 0, "the stream is still open"),
    opened: () => until(async () => streams.count === 1, "the stream was not opened again"),
    asked: () => server.requests.filter(({ command }) => command[0] === "SUBSCRIBE").length,
  };
}

test("it is off unless asked for, and over a client of @upstash/redis there is none", async () => {
  const rest = { url: "https://example.upstash.io", token: "secret" };
  expect(upstash(rest).wakeups).toBeUndefined();
  expect(upstash({ ...rest, subscribe }).wakeups).toBeDefined();
  expect(upstash(new UpstashRedis(rest)).wakeups).toBeUndefined();
});

describe.concurrent("over server-sent events", () => {
  test("a message that is published after listen has resolved arrives; after stop none does, and no stream is left", async () => {
    const { listen, channel, publish, streams, closed, asked } = await stage();
    const { onMessage, hears, heard } = ear();
    const stop = await listen(channel, onMessage);
    for (const message of ["1", "a,b", "", "zwölf ✓", "two\nlines"]) {
      await publish(message);
      await hears(message);
    }
    stop();
    streams.write(`data: message,${channel},late\n\n`);
    await closed();
    expect(heard).toEqual(["1", "a,b", "", "zwölf ✓", "two\nlines"]);
    expect(asked()).toBe(1);
  });

  test("each listen has a stream of its own, which belongs to whoever began it", async () => {
    const { listen, channel, streams, closed } = await stage();
    const [one, two] = [ear(), ear()];
    const stops = [await listen(channel, one.onMessage), await listen(channel, two.onMessage)];
    expect(streams.count).toBe(2);
    stops[0]?.();
    await until(async () => streams.count === 1, "the first stream is still open");
    expect(await redis.send("PUBLISH", channel, "to the second")).toBe(1);
    await two.hears("to the second");
    expect(one.heard).toEqual([]);
    stops[1]?.();
    await closed();
  });

  test("characters that are cut apart, comments, and what is meant for others", async () => {
    const { listen, channel, streams, closed } = await stage();
    const { onMessage, hears, heard } = ear();
    const stop = await listen(channel, onMessage);
    const text = `: ping\r\n\r\ndata: message,${channel}x,other\r\n\r\ndata: message,${channel},✓\r\n\r\n`;
    for (const byte of Buffer.from(`${text}nonsense\n\ndata: unsubscribe,${channel},0\n\n`)) {
      streams.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await hears("✓");
    expect(heard).toEqual(["✓"]);
    stop();
    await closed();
  });

  test.each(["complete", "broken"] as const)(
    "a stream that ends (%s) is opened again, as long as somebody listens",
    async (how) => {
      const { listen, channel, publish, server, streams, opened, closed, asked } = await stage();
      const { onMessage, hears } = ear();
      const stop = await listen(channel, onMessage);
      const subscribes = (command: string[]) => command[0] === "SUBSCRIBE";
      server.faults.next("badGateway", { when: subscribes });
      server.faults.next("dropRequest", { when: subscribes });
      streams.end(how);
      await until(async () => asked() === 4, "it was not asked for again");
      await opened();
      await until(async () => (await redis.send("PUBLISH", channel, "again")) === 1, "it is not subscribed");
      await hears("again");
      await publish("and again");
      await hears("and again");
      streams.end(how);
      stop();
      await closed();
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(asked()).toBe(4);
    },
  );

  test.each([
    ["unauthorized", "HTTP 401"],
    ["rateLimit", "HTTP 429"],
    ["badGateway", "HTTP 502"],
    ["quota", 'HTTP 400: {"error":"ERR max requests limit exceeded'],
    ["html", "the stream ended before it began"],
    ["dropRequest", "fetch failed"],
    ["stall", "no answer within 300 ms"],
    ["stallBody", "no answer within 300 ms"],
  ] as const)("what answers no stream (%s) is an error, told at once, and not asked again", async (fault, message) => {
    const { listen, channel, server, asked } = await stage(/^stall/.test(fault) ? { timeout: 300 } : {});
    server.faults.next(fault);
    await expect(listen(channel, () => {})).rejects.toThrow(message);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(asked()).toBe(1);
  });

  test("a fetch of one's own is used, and must give a stream", async () => {
    const asked: string[] = [];
    const own = (async (url: string, init: RequestInit) => {
      asked.push(`${init.method} ${new URL(url).pathname} ${new Headers(init.headers).get("accept")}`);
      return fetch(url, init);
    }) as typeof fetch;
    const { listen, channel, closed } = await stage({ fetch: own });
    (await listen(channel, () => {}))();
    await closed();
    expect(asked).toEqual([`POST /subscribe/${encodeURIComponent(channel).replaceAll("%3A", ":")} text/event-stream`]);

    const textOnly = await stage({ fetch: async () => ({ status: 200, text: async () => "" }) });
    await expect(textOnly.listen(channel, () => {})).rejects.toThrow("this fetch gives no stream");
  });
});
