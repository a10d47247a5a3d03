import { EdgeRuntime } from "edge-runtime";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { bundle } from "./support/bundle.ts";
import { COMPATIBILITY_DATE } from "./support/isolate.ts";

/** One transport at module level; each request listens, is woken by a message of its own, and goes. */
const PROGRAM = `
import { upstash } from "holdfast/upstash";
import { subscribe } from "holdfast/upstash-subscribe";

const { wakeups } = upstash({ ...REST, subscribe });
const publish = (channel, message) =>
  fetch(REST.url, {
    method: "POST",
    headers: { authorization: "Bearer " + REST.token },
    body: JSON.stringify(["PUBLISH", channel, message]),
  }).then((response) => response.text());

async function handle(request) {
  const { pathname, searchParams } = new URL(request.url);
  const channel = searchParams.get("channel");
  let stop;
  const message = new Promise((resolve) => {
    stop = wakeups.listen(channel, resolve);
  });
  const end = await stop;
  if (pathname === "/leave") return Response.json("left");
  await publish(channel, "for " + channel);
  const heard = await message;
  end();
  return Response.json(heard);
}`;

noUnhandledRejections();
const prefix = `${inject("redisPrefix")}woken:`;
let server: RestServer;
let miniflare: Miniflare;
let edge: EdgeRuntime;
beforeAll(async () => {
  server = await startRestServer({ redisUrl: inject("redisUrl") });
  const define = { REST: { url: server.url, token: server.token } };
  const contents = await bundle(`${PROGRAM}\nexport default { fetch: handle };`, { define });
  miniflare = new Miniflare({
    cf: false,
    modules: [{ type: "ESModule", path: "index.mjs", contents }],
    compatibilityDate: COMPATIBILITY_DATE,
  });
  const script = `${PROGRAM}\naddEventListener("fetch", (event) => event.respondWith(handle(event.request)));`;
  edge = new EdgeRuntime({ initialCode: await bundle(script, { format: "iife", define }) });
});
afterAll(async () => {
  await miniflare?.dispose();
  await server?.close();
});

const runtimes: [name: string, ask: (path: string) => Promise<unknown>][] = [
  ["workerd", async (path) => (await miniflare.dispatchFetch(`http://edge${path}`)).json()],
  ["edge-runtime", async (path) => (await edge.dispatchFetch(`http://edge${path}`)).json()],
];

describe.each(runtimes)("in %s", (runtime, ask) => {
  const closed = () => until(async () => server.streams.count === 0, "a stream is still open");

  test("requests one after another, and at once, each hear what is meant for them, and leave no stream", async () => {
    const channels = Array.from({ length: 5 }, (_, index) => `${prefix}${runtime}:${index}`);
    const listen = (channel: string) => ask(`/?channel=${encodeURIComponent(channel)}`);
    expect(await listen(channels[0] as string)).toBe(`for ${channels[0]}`);
    expect(await Promise.all(channels.map(listen))).toEqual(channels.map((channel) => `for ${channel}`));
    await closed();
  });
});

test("in workerd a stream that nobody ended ends with its request", async () => {
  const ask = runtimes[0]?.[1];
  expect(await ask?.(`/leave?channel=${prefix}left`)).toBe("left");
  await until(async () => server.streams.count === 0, "the stream outlived its request");
});
