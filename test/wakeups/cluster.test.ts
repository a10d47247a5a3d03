import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Wakeups } from "../../src/index.ts";
import { noUnhandledRejections } from "../support/outcome.ts";
import { until } from "../support/redis-process.ts";
import { type RedisCluster, type RedisServer, startOwnCluster } from "../support/redis-server.ts";
import { respClient, text } from "../support/resp.ts";
import { CLUSTERS } from "./clients.ts";
import { type Ear, ear } from "./ear.ts";

vi.setConfig({ testTimeout: 40_000 });
noUnhandledRejections();

// It belongs to this file alone, because connections are counted, and a node is stopped.
let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startOwnCluster();
}, 40_000);
afterAll(() => cluster?.stop());

async function ask(server: RedisServer, ...command: string[]) {
  const client = respClient(server.url);
  return client.send(...command).finally(() => client.close());
}

/** For each node, how many connections of it listen, or did last. */
async function listening(servers = cluster.servers, pattern = / sub=[1-9]|cmd=unsubscribe/): Promise<number[]> {
  const lists = await Promise.all(servers.map(async (server) => text(await ask(server, "CLIENT", "LIST"))));
  return lists.map((list) => list.split("\n").filter((line) => pattern.test(line)).length);
}
const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0);

describe.each(Object.entries(CLUSTERS))("%s over a Cluster", (_, connect) => {
  test("one connection to any node hears what is published at each", async () => {
    const { transport, close } = await connect(cluster.nodes);
    const { listen } = transport.wakeups as Wakeups;
    // Its slot is in the last third of the Cluster, that of the second in the first.
    const channels = ["{a}:1", "{b}:2"];
    const { onMessage, heard } = ear();
    const stops = await Promise.all(channels.map((channel) => listen(channel, onMessage)));
    expect(sum(await listening())).toBe(1);

    const sent: string[] = [];
    for (const [index, server] of cluster.servers.entries()) {
      for (const channel of channels) {
        sent.push(`${channel} at ${index}`);
        await ask(server, "PUBLISH", channel, `${channel} at ${index}`);
      }
    }
    await until(async () => heard.length === sent.length, "a message was not heard");
    expect([...heard].sort()).toEqual(sent.sort());

    for (const stop of stops) stop();
    await until(async () => sum(await listening()) === 0, "the connection was not closed");
    await close();
  });
});

test("a node that goes away: each client listens at another", async () => {
  const connected = await Promise.all(
    // Four of each, so that some are at the node that stops.
    Object.values(CLUSTERS).flatMap((connect) => Array.from({ length: 4 }, () => connect(cluster.nodes))),
  );
  const ears = connected.map(() => ear());
  const stops = await Promise.all(
    connected.map(({ transport }, index) =>
      (transport.wakeups as Wakeups).listen("news", (ears[index] as Ear).onMessage),
    ),
  );
  const [gone, ...others] = [...cluster.servers].reverse() as [RedisServer, RedisServer, RedisServer];
  expect(sum(await listening([gone], / sub=[1-9]/))).toBeGreaterThan(0);
  await gone.stop();
  await until(
    async () => sum(await listening(others, / sub=[1-9]/)) === connected.length,
    "one listens nowhere",
    20_000,
  );

  await ask(others[0], "PUBLISH", "news", "still here");
  await until(async () => ears.every(({ heard }) => heard.includes("still here")), "one did not hear it");
  for (const stop of stops) stop();
  for (const { close } of connected) await close();
});
