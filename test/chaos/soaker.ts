// Many waiters in one process. Its driver asks it now and then what it has in use.
import { setTimeout as sleep } from "node:timers/promises";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, isLockError } from "../../src/index.ts";
import { seededRandom } from "../support/random.ts";
import { tcpClient } from "../support/tcp-clients.ts";
import type { Link } from "./messages.ts";

export interface SoakPart {
  link: Link;
  waiters: number;
  locks: number;
  seed: number;
}

/** What a process has in use; bytes, after a garbage collection. */
export interface Use {
  heap: number;
  resident: number;
  timers: number;
  sockets: number;
}

export interface SoakReport {
  use: Use;
  served: number;
  /** How often a wait ended otherwise: given up, too long, an outage, a lease that was lost. */
  unserved: number;
  broken: string[];
}

const part = JSON.parse(process.argv[2] as string) as SoakPart;
const random = seededRandom(part.seed);
const { link } = part;
const client =
  link.kind === "upstash"
    ? { transport: upstash({ url: link.url, token: link.token }), close() {} }
    : await tcpClient(link.kind, link.url);
const locks = createLocks(client.transport, { ttl: "5s", wait: "15s", commandTimeout: "1s" });
const broken: string[] = [];
let finishing = false;
let served = 0;
let unserved = 0;

process.on("unhandledRejection", (error) => broken.push(String(error)));
process.on("disconnect", () => finishing || process.exit());
process.on("message", (order: "sample" | "finish") => {
  if (order === "finish") finishing = true;
  else process.send?.({ use: use(), served, unserved, broken: broken.splice(0) } satisfies SoakReport);
});

function use(): Use {
  globalThis.gc?.();
  const { heapUsed: heap, rss: resident } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (kind: RegExp) => resources.filter((resource) => kind.test(resource)).length;
  return { heap, resident, timers: count(/Timeout/), sockets: count(/TCP|TLS/) };
}

/** Every way in which a wait or a holding can end. */
async function once(): Promise<void> {
  const name = `soak ${Math.floor(random() * part.locks)}`;
  const dice = random();
  const hold = () => sleep(random() * 10);
  if (dice < 0.1) {
    await using lease = await locks.acquire(name, { signal: AbortSignal.timeout(Math.ceil(random() * 2000)) });
    if (lease.held) await hold();
  } else if (dice < 0.2) {
    const lease = await locks.acquire(name, { wait: 1000, renew: true });
    lease.signal.addEventListener("abort", () => {});
    await hold();
    await lease.release();
  } else {
    await locks.request(name, hold);
  }
}

async function wait(): Promise<void> {
  while (!finishing) {
    try {
      await once();
      served++;
    } catch (error) {
      const expected = isLockError(error) && /TIMEOUT|BACKEND|LOST/.test(error.code);
      if (!expected && (error as Error).name !== "TimeoutError") broken.push(String((error as Error).stack));
      unserved++;
    }
    await sleep(random() * 50);
  }
}

await Promise.all(Array.from({ length: part.waiters }, wait));
await locks.close();
client.close();
process.disconnect();
