import type * as ioredisAdapter from "../../adapters/ioredis.ts";
import type * as upstashAdapter from "../../adapters/upstash.ts";
import type * as upstashSubscribe from "../../adapters/upstash-subscribe.ts";
import type * as holdfast from "../../src/index.ts";
import { built } from "../support/built.ts";
import { openIoredis } from "./clients.ts";
import { type Contender, type Opened, type Place, TTL, Unsupported } from "./contender.ts";

type Transport = holdfast.Transport & { wakeups?: unknown };

interface Way {
  name: string;
  options?: holdfast.LocksOptions;
  /** Whether a release tells who waits: over TCP by a second connection, by REST as server-sent events. */
  wakeups?: boolean;
}

async function open(transport: Transport, { options, wakeups = false }: Way, done: () => unknown): Promise<Opened> {
  if (wakeups && !transport.wakeups) throw new Unsupported("this transport has no wake-ups");
  const { createLocks, isLockError } = await built<typeof holdfast>("index");
  // Nobody stands in a line of this process who has a number of his own.
  const apart: Transport = { ...transport, sharesProcess: false };
  const over = (own: Transport) => {
    try {
      return createLocks(own, { ttl: TTL, wait: Number.POSITIVE_INFINITY, ...options });
    } catch (error) {
      if (isLockError(error, "OPTIONS")) throw new Unsupported(error.message);
      throw error;
    }
  };
  const shared = over(transport);
  const own = new Map<number, holdfast.Locks>();
  const locksOf = (waiter?: number): holdfast.Locks => {
    if (waiter === undefined) return shared;
    const locks = own.get(waiter) ?? over(apart);
    own.set(waiter, locks);
    return locks;
  };
  return {
    async take(name, waiter) {
      const lease = await locksOf(waiter).acquire(name);
      return () => lease.release();
    },
    async close() {
      await Promise.all([shared, ...own.values()].map((locks) => locks.close()));
      await done();
    },
  };
}

function overTcp(way: Way): Contender {
  return {
    name: way.name,
    over: "TCP",
    async open(place) {
      const { ioredis } = await built<typeof ioredisAdapter>("ioredis");
      const { client, close } = await openIoredis(place);
      const adapt = ioredis as (client: unknown, options: { wakeups: boolean }) => Transport;
      return open(adapt(client, { wakeups: way.wakeups ?? false }), way, close).catch(async (error) => {
        await close();
        throw error;
      });
    },
  };
}

function overRest(way: Way): Contender {
  return {
    name: way.name,
    over: "REST",
    async open({ url, token }: Place) {
      const { upstash } = await built<typeof upstashAdapter>("upstash");
      const { subscribe } = await built<typeof upstashSubscribe>("upstash-subscribe");
      const options = { url: url as string, token: token as string, ...(way.wakeups && { subscribe }) };
      return open(upstash(options), way, () => {});
    },
  };
}

export const PLAIN = "holdfast";
export const UNFENCED = "holdfast, fence: false";
export const FAIR = "holdfast, fair: true";
export const WOKEN = "holdfast, fair: true, wake-ups";

const plain: Way = { name: PLAIN };
const unfenced: Way = { name: UNFENCED, options: { fence: false } };
const fair: Way = { name: FAIR, options: { fair: true } };
// Renewed as in `request`: a lease that is renewed begins with the message, another asks Redis first.
const woken: Way = { name: WOKEN, options: { fair: true, renew: true }, wakeups: true };

export const OURS: readonly Contender[] = [
  ...[plain, unfenced, fair, woken].map(overTcp),
  ...[plain, unfenced, fair, woken].map(overRest),
];
