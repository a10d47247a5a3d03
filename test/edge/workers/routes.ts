/** One isolate's program: `locks` at module level, and what its requests do with them. */
import { singleFlight } from "holdfast/single-flight";
import { memory } from "../../../adapters/memory.ts";
import { upstash } from "../../../adapters/upstash.ts";
import type { AcquireOptions, Clock, Lease, Locks, SerializedLease } from "../../../src/index.ts";
import { createLocks } from "../../../src/index.ts";
import { frozenClock } from "../support/frozen-clock.ts";

declare const REST: { url: string; token: string; prefix: string };

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

/** What a request is asked to do. */
export interface Order {
  name?: string;
  options?: AcquireOptions;
  /** Milliseconds to hold the lock. */
  hold?: number;
  /** Aborts the wait after so many milliseconds, by a signal of this request. */
  abortAfter?: number;
  /** Hands clean-ups to this request's context. */
  waitUntil?: boolean;
  /** Hands all of the work to it. */
  keepAll?: boolean;
  over?: "rest" | "memory";
  lease?: SerializedLease;
}

const log: string[] = [];
const onEvent = ({ type, name }: { type: string; name: string }) => void log.push(`${type} ${name}`);
const all: Record<string, Locks> = {
  rest: createLocks(upstash(REST), { prefix: REST.prefix, onEvent }),
  memory: createLocks(memory(), { onEvent }),
};
/** Left behind by a request, for others to try what they must not. */
const left = new Map<string, Lease>();

addEventListener("unhandledrejection", (event) => {
  log.push(`unhandled ${(event as PromiseRejectionEvent).reason}`);
});

const PLATFORM: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, callback) {
    const handle = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(handle), unref: () => {} };
  },
  random: () => Math.random(),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

function locksFor({ over = "rest", waitUntil, options, abortAfter }: Order, context: Context): Locks {
  const mine: AcquireOptions = { ...options };
  if (waitUntil) mine.waitUntil = context;
  if (abortAfter !== undefined) {
    const controller = new AbortController();
    mine.signal = controller.signal;
    setTimeout(() => controller.abort(new Error("this request gave up")), abortAfter);
  }
  return (all[over] as Locks).withOptions(mine);
}

const leaseLeft = ({ name = "" }: Order) => left.get(name) as Lease;

const ROUTES: Record<string, (order: Order, locks: Locks) => unknown> = {
  /** Holds the lock for a while, in the callback form. */
  hold: ({ name = "", hold = 0 }, locks) =>
    locks.request(name, async (lease) => {
      const began = Date.now();
      log.push(`holding ${name}`);
      await pause(hold);
      lease.signal.throwIfAborted();
      return { fence: lease.fence, began, ended: Date.now() };
    }),

  /** Computes for all of the requests; `abortAfter`, and the end of its client, are this request's alone. */
  flight: ({ name = "", hold = 0 }, locks) =>
    singleFlight(locks, name, { keep: "1m" }, async () => {
      log.push(`computing ${name}`);
      await pause(hold);
      return { made: name };
    }),

  /** Takes it and ends without giving it back. */
  take: async ({ name = "" }, locks) => {
    const lease = await locks.acquire(name);
    left.set(name, lease);
    return { token: lease.token, signal: lease.signal.aborted };
  },

  /** Takes it and passes it on to another request. */
  pass: async ({ name = "" }, locks) => (await locks.acquire(name)).handOver(),

  /** Goes on with a lease that another request passed on. */
  receive: async ({ lease }, locks) => {
    const mine = locks.restore(lease as SerializedLease);
    const before = mine.held;
    const verified = await mine.verify();
    const extended = (await mine.extend()) > Date.now();
    return { before, verified, held: mine.held, extended, fence: mine.fence, released: await mine.release() };
  },

  /** Computes past the ttl under a clock that stands still meanwhile, as deployed Workers have. */
  compute: async ({ name = "", hold = 0 }) => {
    const clock = frozenClock(PLATFORM, "true time");
    const mine = createLocks(clock.over(upstash(REST)), { prefix: REST.prefix, clock, ttl: "1s" });
    const computes = () => {
      for (const end = Date.now() + hold; Date.now() < end; );
    };
    const lease = await mine.acquire(name);
    computes();
    const [before, verified, after] = [lease.held, await lease.verify(), lease.held];
    const request = await mine.request(name, computes).catch((error) => error.code);
    return { before, verified, after, request };
  },

  query: async ({ name = "" }, locks) => locks.query(name),

  /** What another request may still do with a lease object that it should not have. */
  verifyLeft: (order) => leaseLeft(order).verify(),
  releaseLeft: (order) => leaseLeft(order).release(),
  heldLeft: (order) => leaseLeft(order).held,
  /** Begins something on it and does not wait for it: the request ends first. */
  verifyLeftAndEnd: (order) => {
    leaseLeft(order)
      .verify()
      .catch(() => {});
    return true;
  },

  close: (_, locks) => locks.close().then(() => "closed"),
  log: () => log,
};

/** Answers a request; what its work rejects with is an answer too. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const order = (await request.json()) as Order;
  const route = ROUTES[new URL(request.url).pathname.slice(1)] as (typeof ROUTES)[string];
  const work = (async () => route(order, locksFor(order, context)))();
  if (order.keepAll) context.waitUntil(work.catch(() => {}));
  try {
    return Response.json({ value: await work });
  } catch (error) {
    const { code, reason, message, attempts } = error as Error & Record<string, unknown>;
    return Response.json({ error: { code, reason, message, attempts } });
  }
}
