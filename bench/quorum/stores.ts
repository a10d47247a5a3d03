import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { startLinks } from "../support/links.ts";
import { median } from "../support/statistics.ts";
import type { Scenario } from "./scenario.ts";

/** What is used of a node-redis client here; its own type depends on the options it was made with. */
export interface NodeRedis {
  ping(): Promise<unknown>;
}

/** Connections of one contestant, to every server of a scenario. */
export interface Connections<Client> {
  clients: Client[];
  /** Waits until the servers that answer have answered everything that was sent here. */
  settle(): Promise<void>;
}

/** The servers of a scenario, as one contestant after another connects to them. */
export interface Stores {
  ports: number[];
  /** The median time of a PING to each, milliseconds. */
  measure(): Promise<number[]>;
  ioredis(hanging: boolean): Promise<Connections<Redis>>;
  nodeRedis(hanging: boolean): Promise<Connections<NodeRedis>>;
  /** From now on the last server of those who asked for it hangs: it takes what is sent, and says nothing. */
  hang(): Promise<void>;
  wake(): Promise<void>;
  close(): Promise<void>;
}

/** As many as any scenario needs, and the one that hangs. */
export async function startServers(count: number): Promise<RedisServer[]> {
  return Promise.all(Array.from({ length: count + 1 }, () => startRedis()));
}

/** `servers`: the last one is the one that hangs. */
export async function connectTo(servers: readonly RedisServer[], scenario: Scenario): Promise<Stores> {
  const stopped = servers.at(-1) as RedisServer;
  const used = [...servers.slice(0, scenario.servers), stopped].map(({ port }) => port);
  const trips = scenario.roundTrips;
  const links = trips
    ? await startLinks(used.map((port, index) => ({ port, roundTrip: trips[index] ?? trips.at(-1) ?? 0 })))
    : { ports: used, close: async () => {} };
  const ends: (() => unknown)[] = [];

  async function connect<Client extends { ping(): Promise<unknown> }>(
    hanging: boolean,
    open: (port: number) => Promise<Client>,
  ): Promise<Connections<Client>> {
    const good = links.ports.slice(0, scenario.servers - (hanging ? 1 : 0));
    const clients = await Promise.all([...good, ...(hanging ? links.ports.slice(-1) : [])].map(open));
    return {
      clients,
      async settle() {
        await Promise.all(clients.slice(0, good.length).map((client) => client.ping()));
      },
    };
  }

  async function openIoredis(port: number): Promise<Redis> {
    const client = new Redis(port, "127.0.0.1");
    ends.push(() => client.disconnect());
    await client.ping();
    return client;
  }

  async function openNodeRedis(port: number): Promise<NodeRedis> {
    const { createClient } = await import("redis");
    const client = createClient({ socket: { host: "127.0.0.1", port } });
    client.on("error", () => {});
    ends.push(() => client.destroy());
    await client.connect();
    return client;
  }

  return {
    ports: used.slice(0, scenario.servers),
    async measure() {
      const clients = await Promise.all(links.ports.slice(0, scenario.servers).map(openIoredis));
      const trips: number[] = [];
      for (const client of clients) trips.push(await pingTime(client));
      return trips;
    },
    ioredis: (hanging) => connect(hanging, openIoredis),
    nodeRedis: (hanging) => connect(hanging, openNodeRedis),
    hang: () => stopped.kill("SIGSTOP"),
    wake: () => stopped.kill("SIGCONT"),
    async close() {
      for (const end of ends) end();
      await links.close();
    },
  };
}

async function pingTime(client: Redis): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 40; turn++) {
    const sent = performance.now();
    await client.ping();
    times.push(performance.now() - sent);
  }
  return median(times);
}
