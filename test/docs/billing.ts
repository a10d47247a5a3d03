import {
  type Clock,
  createLocks,
  type Locks,
  type LocksOptions,
  type Transport,
  type Wakeups,
} from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient } from "../support/resp.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** What something costs. */
export interface Cost {
  requests: number;
  /** As Upstash bills them. */
  commands: number;
}

/**
 * Databases that are billed, each a REST server in front of a real Redis, on one virtual clock: an hour passes in no
 * time, and every request of it is sent and counted.
 */
export interface Counter {
  /** Resolves after so many milliseconds. */
  sleep(ms: number): Promise<void>;
  locks(options?: LocksOptions, over?: QuorumOptions): Locks;
  /** Locks of a process whose callers hand the lock on to one another. */
  process(): Locks;
  /** Resolves when the next message has come. */
  heard(): Promise<void>;
  /** Lets time pass until it has settled. */
  drive<T>(work: Promise<T>): Promise<T>;
  /** What is sent until the work and its clean-ups are over. */
  cost(work: () => Promise<unknown>): Promise<Cost>;
  /** Somebody else deletes the key after so many milliseconds; that is not counted. */
  freed(name: string, ms: number): void;
  /** Empties the databases. */
  flush(): Promise<void>;
}

export interface Databases {
  /** `size`: one store, or a quorum of so many. */
  counter(over: (server: RestServer) => Transport, size: number, seed: number): Counter;
  stop(): Promise<void>;
}

export async function startDatabases(count: number): Promise<Databases> {
  const redises: RedisServer[] = await Promise.all(Array.from({ length: count }, () => startRedis()));
  const servers = await Promise.all(redises.map(({ url }) => startRestServer({ redisUrl: url })));
  const clients: RespClient[] = redises.map(({ url }) => respClient(url));

  return {
    counter(over, size, seed) {
      const virtual = virtualClock(seed);
      const due = new Set<{ at: number }>();
      const used = servers.slice(0, size);
      let open = 0;
      let foreign = 0;
      let hear = () => {};
      let answered = () => {};
      const clock: Clock = {
        ...virtual,
        timer(ms, callback) {
          const entry = { at: virtual.monotonic() + Math.max(0, ms) };
          due.add(entry);
          const timer = virtual.timer(ms, () => {
            due.delete(entry);
            callback();
          });
          return {
            unref: () => timer.unref(),
            cancel() {
              due.delete(entry);
              timer.cancel();
            },
          };
        },
      };
      const transports = used.map((server) => watched(over(server)));

      async function inFlight<T>(work: Promise<T>): Promise<T> {
        open++;
        try {
          return await work;
        } finally {
          if (--open === 0) answered();
        }
      }

      function watched({ set, eval: run, deleteIf, wakeups }: Transport): Transport {
        const listen: Wakeups["listen"] = (channel, onMessage) =>
          inFlight(
            (wakeups as Wakeups).listen(channel, (message) => {
              onMessage(message);
              hear();
            }),
          );
        return {
          set: (...args) => inFlight(set(...args)),
          eval: (...args) => inFlight(run(...args)),
          ...(wakeups && { wakeups: { listen } }),
          ...(deleteIf && { deleteIf: (...args) => inFlight(deleteIf(...args)) }),
        };
      }

      /** Time stands still while a request is under way. */
      async function quiet(): Promise<void> {
        for (let turns = 0; turns < 3; turns++) {
          await new Promise((resolve) => setImmediate(resolve));
          if (open === 0) continue;
          await new Promise<void>((resolve) => {
            answered = resolve;
          });
          turns = -1;
        }
      }

      return {
        sleep: (ms) => new Promise((resolve) => void clock.timer(ms, resolve)),
        locks: (options, quorumOptions) => {
          const [first] = transports as [Transport];
          return createLocks(size > 1 ? quorum(transports, quorumOptions) : first, { clock, ...options });
        },
        process: () => createLocks({ ...(transports[0] as Transport), sharesProcess: true }, { clock }),
        heard: () =>
          new Promise((resolve) => {
            hear = resolve;
          }),
        async drive(work) {
          let done = false;
          const end = () => {
            done = true;
          };
          work.then(end, end);
          await quiet();
          while (!done) {
            const next = Math.min(...[...due].map(({ at }) => at));
            if (next === Infinity) throw new Error("nothing is left that could settle it");
            await virtual.advance(next - virtual.monotonic());
            await quiet();
          }
          return work;
        },
        async cost(work) {
          const [sent, alien] = [used.reduce((sum, { requests }) => sum + requests.length, 0), foreign];
          const all = used.reduceRight(
            (inner, server) => async () => {
              const { result, billed } = await server.countBilled(inner);
              return result + billed;
            },
            async () => {
              await work();
              await quiet();
              return 0;
            },
          );
          const commands = await all();
          const requests = used.reduce((sum, { requests }) => sum + requests.length, 0) - sent;
          return { requests, commands: commands - (foreign - alien) };
        },
        async flush() {
          for (const client of clients) await client.send("FLUSHALL");
        },
        freed(name, ms) {
          clock.timer(ms, () => {
            foreign++;
            void inFlight((clients[0] as RespClient).send("DEL", `lock:${name}`));
          });
        },
      };
    },
    async stop() {
      for (const client of clients) client.close();
      await Promise.all(servers.map((server) => server.close()));
      await Promise.all(redises.map((redis) => redis.stop()));
    },
  };
}
