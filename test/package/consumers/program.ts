// Compiled with lib es2022 alone: no DOM, no @types/node. Names every public export, and runs.
import {
  type AbortSignalLike,
  type AcquireOptions,
  type Clock,
  createLocks,
  type Duration,
  isLockError,
  type Lease,
  LockBackendError,
  LockClosedError,
  LockError,
  type LockErrorByCode,
  type LockErrorCode,
  type LockEvent,
  type LockEventBase,
  type LockFailureEvent,
  type LockHolder,
  type LockLossEvent,
  LockLostError,
  LockOptionsError,
  type LockProgressEvent,
  type LockSnapshot,
  type Locks,
  type LocksOptions,
  LockTimeoutError,
  type LostReason,
  type RequestOptions,
  type RetryOptions,
  type SerializedLease,
  type Signal,
  type Timer,
  type Transport,
  type WaitUntil,
  type Wakeups,
  type WrapOptions,
} from "holdfast";
import { type CommandOptions, command, type Send } from "holdfast/command";
import { type Commands, type ConformanceOptions, conformance } from "holdfast/conformance";
import { type AsyncMethod, type LockedDecorator, type LockedOptions, locked, type Named } from "holdfast/decorators";
import { type DiagnosticsChannel, type DiagnosticsChannels, diagnostics } from "holdfast/diagnostics";
import { type IoredisClient, type IoredisCluster, type IoredisOptions, ioredis } from "holdfast/ioredis";
import { type MemoryEntry, type MemoryOptions, type MemoryTransport, memory } from "holdfast/memory";
import { type NodeRedisClient, type NodeRedisCluster, type NodeRedisOptions, nodeRedis } from "holdfast/node-redis";
import { type Instrumentation, type InstrumentOptions, instrument } from "holdfast/otel";
import { type Quorum, type QuorumOptions, quorum } from "holdfast/quorum";
import { SingleFlightError, type SingleFlightOptions, singleFlight } from "holdfast/single-flight";
import {
  dateClock,
  type Fault,
  type FaultOptions,
  type FaultyRequest,
  type FaultyTransport,
  faulty,
  type VirtualClock,
  virtualClock,
} from "holdfast/testing";
import { type Fetch, type Upstash, type UpstashClient, type UpstashOptions, upstash } from "holdfast/upstash";
import { subscribe } from "holdfast/upstash-subscribe";

// The declarations of @opentelemetry/api ask for it, which es2022 does not have.
declare global {
  var console: Record<"debug" | "error" | "info" | "log" | "trace" | "warn", (...args: unknown[]) => void>;
}

function check(truth: boolean, what: string): void {
  if (!truth) throw new Error(what);
}

// Each adapter takes something of the shape of its client.
const ioredisClient: IoredisClient = { call: async (command, ...args) => [command, ...args] };
const ioredisCluster: IoredisCluster = { ...ioredisClient, nodes: () => [ioredisClient] };
const nodeRedisClient: NodeRedisClient = { sendCommand: async (args: string[]) => args };
export const nodeRedisCluster = (cluster: NodeRedisCluster): Transport => nodeRedis(cluster);
const upstashClient: UpstashClient = { set: async () => "OK", eval: async () => null };
const upstashOptions: UpstashOptions = { url: "https://example.upstash.io", token: "x", timeout: 1000 };
const fetch: Fetch = async (url, { method, headers, body }) => {
  check(url === upstashOptions.url && method === "POST" && body.length > 0 && !!headers.authorization, "a request");
  return { status: 401, text: async () => '{"error":"Unauthorized"}' };
};
const viaFetch: UpstashOptions = { ...upstashOptions, fetch };
const send: Send = async (args) => args;
const wakeups: Wakeups = { listen: async (_channel, _onMessage) => () => {} };
const commandOptions: CommandOptions = { nodes: () => [send], listen: wakeups.listen };
const ioredisOptions: IoredisOptions = { wakeups: false };
const nodeRedisOptions: NodeRedisOptions = { wakeups: false };
const overUpstash: Upstash = upstash;
const transports: Transport[] = [
  ioredis(ioredisClient),
  ioredis(ioredisCluster, ioredisOptions),
  nodeRedis(nodeRedisClient, nodeRedisOptions),
  overUpstash(upstashClient),
  overUpstash(upstashOptions),
  overUpstash({ ...upstashOptions, subscribe }),
  overUpstash(viaFetch),
  overUpstash.fromEnv({ UPSTASH_REDIS_REST_URL: "https://example.upstash.io", UPSTASH_REDIS_REST_TOKEN: "x" }),
  command(send, commandOptions),
];

// A clock of one's own.
const timer: Timer = { cancel: () => {}, unref: () => {} };
let now = 1_700_000_000_000;
const clock: Clock = {
  now: () => now,
  monotonic: () => now,
  timer: () => timer,
  random: () => 0.5,
  randomBytes: (length) => Uint8Array.from({ length }, (_, index) => index + (now % 100)),
};

// Options may be passed on from a variable that may be undefined.
const ttl: Duration = "30s";
const retry: RetryOptions = { min: 10, max: undefined };
const handed: Promise<unknown>[] = [];
const waitUntil: WaitUntil = { waitUntil: (promise) => handed.push(promise) };
const acquireOptions: AcquireOptions = { ttl, retry, waitUntil, signal: undefined, owner: "me", wait: 0 };
const requestOptions: RequestOptions = { ...acquireOptions, ifAvailable: true };
const events: LockEvent["type"][] = [];
const defaults: LocksOptions = { clock, onEvent: (event: LockEvent) => void events.push(event.type) };
const wrapOptions: WrapOptions<[number, number]> = { name: (left, right) => `sum:${left}:${right}` };
const memoryOptions: MemoryOptions = { clock };

const codes: Record<LockErrorCode, new (...args: never[]) => LockError> = {
  TIMEOUT: LockTimeoutError,
  LOST: LockLostError,
  BACKEND: LockBackendError,
  OPTIONS: LockOptionsError,
  CLOSED: LockClosedError,
};
function reasonOf(error: LockErrorByCode["LOST"]): LostReason {
  return error.reason;
}

// Without any platform's types a signal has what is needed to react to it.
export function listen(lease: Lease, stop: () => void): () => void {
  lease.signal.throwIfAborted();
  if (lease.signal.aborted) stop();
  lease.signal.addEventListener("abort", stop);
  return () => lease.signal.removeEventListener("abort", stop);
}
export const passOn = (lease: Lease): AcquireOptions => ({ signal: lease.signal });
export const asItIs = (lease: Lease): Signal => lease.signal;
export const withoutTypes = (lease: Lease): AbortSignalLike => lease.signal;

// Each kind of event by its name, and what they share.
export function sortOut(event: LockEvent): LockProgressEvent | LockLossEvent["reason"] | LockFailureEvent["during"] {
  const { name }: LockEventBase = event;
  check(name.length > 0, "a name");
  return event.type === "lost" ? event.reason : event.type === "failed" ? event.during : event;
}

async function expectCode(code: LockErrorCode, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    check(isLockError(error, code) && error instanceof codes[code] && error instanceof LockError, `no ${code}`);
    return;
  }
  throw new Error(`no ${code}`);
}

async function watchedAndTested(): Promise<void> {
  const published: unknown[] = [];
  const channels: DiagnosticsChannels = {
    channel: (name): DiagnosticsChannel => ({
      hasSubscribers: true,
      publish: (message) => published.push([name, message]),
    }),
  };
  const publish: (event: LockEvent) => void = diagnostics(channels);
  const instrumentOptions: InstrumentOptions = { clock: dateClock(), nameInMetrics: (name) => name, meter: undefined };
  const { onEvent, traced }: Instrumentation = instrument(instrumentOptions);
  const told = (event: LockEvent) => {
    publish(event);
    onEvent(event);
  };
  const virtual: VirtualClock = virtualClock(7);
  const network: FaultyTransport = faulty(memory({ clock: virtual }));
  const locks: Locks = traced(createLocks(network, { clock: virtual, onEvent: told }));
  const fault: Fault = "hang";
  const on: FaultyRequest = "acquire";
  const faultOptions: FaultOptions = { on, times: 1, error: undefined };
  network.next(fault, faultOptions);
  check((await virtual.runUntilSettled(locks.request("x", ({ fence }) => fence))) > 0, "watched");
  check(published.length === 2, "acquired and released");
}

export async function main(): Promise<string> {
  const store: MemoryTransport = memory(memoryOptions);
  const empty: MemoryEntry[] = store.entries();
  check(empty.length === 0, "an empty store");
  const locks: Locks = createLocks(store, defaults);
  const others: Locks = createLocks(store, { clock: { ...clock, randomBytes: (length) => new Uint8Array(length) } });
  {
    await using lease = await locks.acquire("invoice:42", acquireOptions);
    check(lease.held && lease.remaining() > 0 && lease.expiresAt > now, "held");
    await expectCode("TIMEOUT", () => others.acquire("invoice:42", { wait: 0 }));
    const snapshot: LockSnapshot = await others.query("invoice:42");
    const holder: LockHolder | undefined = snapshot.holders[0];
    check(snapshot.held && holder?.owner === "me", "queried");
    for await (const each of others.list()) check(each.name === "invoice:42", "listed");
    const nobody: null | Lease = await others.request("invoice:42", requestOptions, (other) => other);
    check(nobody === null, "busy");
  }
  const fence: number = await others.request("invoice:42", (lease) => lease.fence);
  check(fence > 0, "fenced");
  const quorumOptions: QuorumOptions = { quorum: 3, timeout: "1s", maxTtl: undefined };
  const many: Quorum = quorum([memory(memoryOptions), memory(memoryOptions), memory(memoryOptions)], quorumOptions);
  check(many.size === 3 && many.majority === 3, "three of three");
  check((await createLocks(many, defaults).request("invoice:42", (lease) => lease.fence)) > 0, "by a quorum");
  const flightOptions: SingleFlightOptions<Date, number> = {
    keep: "1m",
    encode: (date) => String(date.getTime()),
    decode: Number,
  };
  check(
    (await singleFlight(locks, "flight:1", flightOptions, async ({ fence }) => new Date(fence && 5))) === 5,
    "made",
  );
  check((await singleFlight(others, "flight:1", flightOptions, () => new Date(6))) === 5, "kept");
  const failed = new SingleFlightError("flight:1", { cause: 1 });
  check(failed.code === "FAILED" && failed.lockName === "flight:1", "failed");
  const lockedOptions: LockedOptions<unknown, [number]> = { name: (id) => `sum:${id}`, locks: () => locks };
  const decorate: LockedDecorator<unknown, [number]> = locked(lockedOptions);
  const decorated: object = { add: async (left: number, right: number) => left + right };
  type Add = (left: number, right: number) => Promise<number>;
  const method: AsyncMethod & Named<Add, [number]> = (decorated as { add: Add }).add;
  const descriptor = { value: method };
  decorate(decorated, "add", descriptor);
  check((await descriptor.value(1, 2)) === 3, "decorated");
  check((await locks.wrap((left: number, right: number) => left + right, wrapOptions)(1, 2)) === 3, "wrapped");

  const serialized: SerializedLease = (await locks.acquire("video:9")).handOver();
  const restored = others.restore(serialized);
  check(await restored.verify(), "verified");
  check(await others.forceRelease("video:9"), "forced");
  check(!(await restored.verify()), "lost");
  try {
    await restored.extend();
  } catch (error) {
    check(isLockError(error, "LOST") && reasonOf(error) === "taken", "lost by force");
  }
  now += 1;
  await expectCode("OPTIONS", () => locks.acquire(""));
  await expectCode("BACKEND", () => createLocks(upstash(viaFetch), { clock }).acquire("x"));
  await locks.close({ grace: 0 });
  await expectCode("CLOSED", () => locks.acquire("x"));

  await watchedAndTested();

  const registered: string[] = [];
  const commands: Commands = async (args) => args;
  const suite: ConformanceOptions = { test: (name) => registered.push(name), transport: () => store, commands };
  conformance(suite);
  check(registered.length > 100 && transports.length === 9 && events.includes("acquired"), "all of it");
  return "done";
}
