import type * as upstashAdapter from "../../adapters/upstash.ts";
import type * as holdfast from "../../src/index.ts";
import { type RestServer, startRestServer } from "../../test/support/rest-server.ts";
import { peer, Unsupported } from "../contenders/contender.ts";
import { FAIR, PLAIN, UNFENCED } from "../contenders/holdfast.ts";
import { UPSTASH_LOCK } from "../contenders/peers.ts";
import { built } from "../support/built.ts";
import type { Section, Stage, Suite } from "../support/suite.ts";
import { number } from "../support/table.ts";
import { withRedis } from "./redis.ts";

/** What is asked of a library here; it is billed by the command, however long it takes. */
interface Client {
  cycle(name: string): Promise<unknown>;
  /** Holds the lock for the rest of the work. */
  keep(name: string): Promise<unknown>;
  /** Asks that often for a lock that another has, and gives up; everything that was sent for it is answered then. */
  poll(name: string, attempts: number): Promise<unknown>;
}

interface Costs {
  cycle: number;
  poll: number;
}

const MEASURED = ["cycle", "poll"] as const;

function ours(options: holdfast.LocksOptions): (server: RestServer) => Promise<Client> {
  return async ({ url, token }) => {
    const { createLocks, isLockError } = await built<typeof holdfast>("index");
    const { upstash } = await built<typeof upstashAdapter>("upstash");
    const locks = () => {
      try {
        return createLocks(upstash({ url, token }), { retry: { min: 5, max: 5, jitter: 0 }, ...options });
      } catch (error) {
        if (isLockError(error, "OPTIONS")) throw new Unsupported(error.message);
        throw error;
      }
    };
    const shared = locks();
    return {
      cycle: (name) => shared.request(name, () => {}),
      keep: (name) => shared.acquire(name),
      async poll(name, maxAttempts) {
        const own = locks();
        await own.acquire(name, { maxAttempts }).catch(() => {});
        await own.close();
      },
    };
  };
}

async function upstashLock({ url, token }: RestServer): Promise<Client> {
  const { Lock } = await peer(UPSTASH_LOCK, () => import("@upstash/lock"));
  const { Redis } = await import("@upstash/redis");
  const redis = new Redis({ url, token });
  return {
    async cycle(id) {
      const lock = new Lock({ redis, id });
      await lock.acquire();
      await lock.release();
    },
    keep: (id) => new Lock({ redis, id }).acquire(),
    poll: (id, attempts) => new Lock({ redis, id, retry: { attempts, delay: 5 } }).acquire(),
  };
}

const CLIENTS: Record<string, (server: RestServer) => Promise<Client>> = {
  [UNFENCED]: ours({ fence: false }),
  [PLAIN]: ours({}),
  [FAIR]: ours({ fair: true }),
  [UPSTASH_LOCK]: upstashLock,
};

async function costsOf(client: Client, server: RestServer, name: string): Promise<Costs> {
  const billed = async (work: () => Promise<unknown>) => (await server.countBilled(work)).billed;
  await client.cycle(name);
  const cycle = await billed(() => client.cycle(name));
  await client.keep(name);
  // The first failure of a wait asks for more, and what comes after the last is the same for both.
  const few = await billed(() => client.poll(name, 3));
  const more = await billed(() => client.poll(name, 7));
  return { cycle, poll: (more - few) / 4 };
}

async function measure({ peers, progress }: Stage, server: RestServer): Promise<Section> {
  const title = "Commands as Upstash bills them";
  progress(title);
  const costs = new Map<string, Costs>();
  const absent: string[] = [];
  for (const [name, open] of Object.entries(CLIENTS)) {
    if (name === UPSTASH_LOCK && !peers) continue;
    try {
      costs.set(name, await costsOf(await open(server), server, name));
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      absent.push(`${name}: not supported: ${error.message}`);
    }
  }
  const of = (name: string, what: keyof Costs) => costs.get(name)?.[what] ?? Number.NaN;
  return {
    title,
    notes: ["Each command, and for a script each command inside it as well; counted at the server.", ...absent],
    head: ["contender", "an uncontended cycle", "a failed poll"],
    rows: [...costs.keys()].map((name) => [name, ...MEASURED.map((what) => number(of(name, what)))]),
    targets: [
      { what: `${UNFENCED}: an uncontended cycle`, limit: 2, measured: of(UNFENCED, "cycle") },
      { what: `${PLAIN}: an uncontended cycle`, limit: 6, measured: of(PLAIN, "cycle") },
      ...[UNFENCED, PLAIN, FAIR].map((name) => ({
        what: `${name}: a failed poll`,
        limit: 2,
        measured: of(name, "poll"),
      })),
    ],
    data: Object.fromEntries(costs),
  };
}

export const billedSuite: Suite = {
  name: "billed",
  summary: "the commands that Upstash bills for a lock, and for waiting",
  packages: ["@upstash/lock", "@upstash/redis"],
  run: (stage) =>
    withRedis(async function* (redis) {
      const server = await startRestServer({ redisUrl: redis.url });
      try {
        yield await measure(stage, server);
      } finally {
        await server.close();
      }
    }),
};
