import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { nodeRedis } from "../../adapters/node-redis.ts";
import type { Wakeups } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { CLIENTS } from "./clients.ts";
import { ear } from "./ear.ts";

vi.setConfig({ testTimeout: 30_000 });
noUnhandledRejections();

const url = inject("redisUrl");
let redis: RespClient;
beforeAll(() => {
  redis = respClient(url);
});
afterAll(() => redis.close());

/** A client whose connections have a name of their own, a view of them, and two channels that nobody else uses. */
async function stage(connect: (typeof CLIENTS)[string], through = url) {
  const name = `wakeups-${randomBytes(6).toString("hex")}`;
  const { transport, close } = await connect(through, name);
  const ids = async (filter = /./) => {
    const lines = text(await redis.send("CLIENT", "LIST")).split("\n");
    return lines
      .filter((line) => line.includes(` name=${name} `) && filter.test(line))
      .map((line) => line.split(" ")[0]);
  };
  return {
    listen: (transport.wakeups as Wakeups).listen,
    transport,
    close,
    connections: ids,
    listening: () => ids(/ sub=[1-9]/),
    kill: (id: string | undefined) => redis.send("CLIENT", "KILL", "ID", (id as string).slice(3)),
    publish: (channel: string, message: string) => redis.send("PUBLISH", channel, message),
    subscribers: async (channel: string) => ((await redis.send("PUBSUB", "NUMSUB", channel)) as unknown[])[1],
    channels: [`${name}:{1}`, `${name}:2`] as const,
  };
}

describe.concurrent.each(Object.entries(CLIENTS))("%s", (_, connect) => {
  test("a message that is published after listen has resolved arrives; after stop none does", async () => {
    const { listen, publish, subscribers, channels, close } = await stage(connect);
    const [one, two] = [ear(), ear()];
    const [stop, stopTwo] = await Promise.all([listen(channels[0], one.onMessage), listen(channels[0], two.onMessage)]);
    expect(await publish(channels[0], "1")).toBe(1);
    await Promise.all([one.hears("1"), two.hears("1")]);

    stop();
    stop();
    await publish(channels[0], "2");
    await two.hears("2");
    expect(one.heard).toEqual(["1"]);

    stopTwo();
    await until(async () => (await subscribers(channels[0])) === 0, "the channel is still subscribed");
    const stopThree = await listen(channels[0], one.onMessage);
    await publish(channels[0], "3");
    await one.hears("3");
    expect(two.heard).toEqual(["1", "2"]);
    stopThree();
    // Without a breath in between.
    for (const message of ["4", "5", "6", "7", "8"]) {
      const stopAgain = await listen(channels[0], one.onMessage);
      await publish(channels[0], message);
      await one.hears(message);
      stopAgain();
    }
    await close();
  });

  test("who listens again before the client knows that it was unsubscribed hears what is published", async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy(Number(port), hostname);
    const { listen, publish, subscribers, channels, close } = await stage(connect, proxy.url);
    const { onMessage, hears } = ear();
    const stop = await listen(channels[0], onMessage);
    proxy.delay(100);
    stop();
    await until(async () => (await subscribers(channels[0])) === 0, "it is still subscribed");
    const stopAgain = await listen(channels[0], onMessage);
    await publish(channels[0], "again");
    await hears("again");
    stopAgain();
    await close();
    await proxy.close();
  });

  test("one connection for all channels, made on first need, kept for a moment, closed after the last", async () => {
    const { listen, connections, listening, subscribers, publish, channels, transport, close } = await stage(connect);
    await transport.eval("return 1", [], []);
    const before = (await connections()).length;
    const [first, second] = [ear(), ear()];
    const stops = await Promise.all([listen(channels[0], first.onMessage), listen(channels[1], second.onMessage)]);
    expect(await connections()).toHaveLength(before + 1);
    const [id] = await listening();
    await publish(channels[1], "to the second");
    await publish(channels[0], "to the first");
    await Promise.all([second.hears("to the second"), first.hears("to the first")]);
    expect([first.heard, second.heard]).toEqual([["to the first"], ["to the second"]]);

    for (const stop of stops) stop();
    const again = await listen(channels[1], second.onMessage);
    expect(await listening()).toEqual([id]);
    expect(await subscribers(channels[0])).toBe(0);
    again();
    await until(async () => (await connections()).length === before, "the connection was not closed");

    const later = await listen(channels[0], first.onMessage);
    await publish(channels[0], "later");
    await first.hears("later");
    later();
    await until(async () => (await connections()).length === before, "the connection was not closed again");
    await close();
  });

  test("a connection that was killed is made again, with every subscription", async () => {
    const { listen, kill, connections, listening, subscribers, publish, channels, close } = await stage(connect);
    const [first, second] = [ear(), ear()];
    const stops = [await listen(channels[0], first.onMessage), await listen(channels[1], second.onMessage)];
    const all = (await connections()).length;
    const [id] = await listening();
    await kill(id);
    for (const channel of channels) {
      await until(async () => (await subscribers(channel)) === 1, "it was not subscribed again");
    }
    expect(await listening()).not.toEqual([id]);
    for (const channel of channels) await publish(channel, "still there");
    await Promise.all([first.hears("still there"), second.hears("still there")]);
    for (const stop of stops) stop();
    await until(async () => (await connections()).length < all, "the connection was not closed");

    const stop = await listen(channels[0], first.onMessage);
    const [lingering] = await listening();
    stop();
    await kill(lingering);
    await until(async () => (await connections()).length < all, "the connection was not closed again");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await connections()).length).toBeLessThan(all);
    await close();
  });

  test("the server is away: listen rejects after a time, or resolves when the server is back", async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy(Number(port), hostname);
    const { listen, publish, channels, close } = await stage(connect, proxy.url);
    const first = ear();
    const stopFirst = await listen(channels[1], first.onMessage);
    proxy.retarget(1);
    await expect(listen(channels[0], () => {})).rejects.toThrow("no subscription: no answer within 5000 ms");

    const second = ear();
    let resolved = false;
    const listening = listen(channels[1], second.onMessage).finally(() => {
      resolved = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(resolved).toBe(false);
    proxy.retarget(Number(port));
    const stopSecond = await listening;
    await publish(channels[1], "back");
    await Promise.all([first.hears("back"), second.hears("back")]);
    stopFirst();
    stopSecond();
    await until(async () => proxy.connections <= 2, "the connection was not closed");
    await close();
    await proxy.close();
  });

  test("the server hangs: listen rejects after a time, and leaves nothing", async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy(Number(port), hostname);
    const { listen, transport, channels, close } = await stage(connect, proxy.url);
    await transport.eval("return 1", [], []);
    const before = proxy.connections;
    proxy.blackhole(true);
    await expect(listen(channels[0], () => {})).rejects.toThrow("no subscription: no answer within 5000 ms");
    await until(async () => proxy.connections <= before, "the connection was not closed");
    await close();
    await proxy.close();
  });
});

test("without wakeups, and over a client that cannot be duplicated, there are none", async () => {
  const client = { call: async () => "OK", duplicate: () => client };
  expect(ioredis(client).wakeups).toBeDefined();
  expect(ioredis(client, { wakeups: false }).wakeups).toBeUndefined();
  expect(ioredis({ call: client.call }).wakeups).toBeUndefined();
  const other = { sendCommand: async () => "OK", duplicate: () => other };
  expect(nodeRedis(other).wakeups).toBeDefined();
  expect(nodeRedis(other, { wakeups: false }).wakeups).toBeUndefined();
  expect(nodeRedis({ sendCommand: other.sendCommand }).wakeups).toBeUndefined();
});

test("what Redis refuses is told at once, in its words", async () => {
  const user = `deaf-${randomBytes(6).toString("hex")}`;
  await redis.send("ACL", "SETUSER", user, "on", ">secret", "~*", "+@all", "resetchannels");
  const { hostname, port } = new URL(url);
  for (const connect of Object.values(CLIENTS)) {
    const { transport, close } = await connect(`redis://${user}:secret@${hostname}:${port}`);
    const refused = transport.wakeups?.listen("forbidden", () => {});
    await expect(refused).rejects.toThrow(/^no subscription: NOPERM/);
    await close();
  }
  await redis.send("ACL", "DELUSER", user);
});
