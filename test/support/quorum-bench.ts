import { type MemoryTransport, memory } from "../../adapters/memory.ts";
import { createLocks, type LockEvent, type Locks, type LocksOptions, type Transport } from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { VOTE } from "../../src/quorum-scripts.ts";
import { FORCE, RELEASE } from "../../src/scripts.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";
import { type Call, type Treatment, type Wire, wire } from "./wire.ts";

/** An independent server in memory, which can lose its data, its clock, and its age. */
export interface Member extends Transport {
  /** What it holds now. */
  readonly data: MemoryTransport;
  /** By how many milliseconds its clock is ahead. */
  ahead: number;
  /** What it says of its run: the id, and how many seconds ago it began. Nothing: it does not say. */
  run: (() => [id: string, uptime: number]) | undefined;
  /** It restarts empty. */
  lose(): void;
  /** Somebody deletes the lock, and not its record. */
  remove(name: string): Promise<void>;
  /** An operator who reaches this store alone takes the lock by force. */
  force(name: string, ttl: number): Promise<void>;
}

/** Locks over a quorum of stores in memory, each behind a network of its own, all on one virtual clock. */
export interface QuorumBench {
  clock: VirtualClock;
  members: Member[];
  /** The network between `locks` and each store. */
  wires: Wire[];
  locks: Locks;
  /** A holder elsewhere: the same stores, the same clock, networks without faults. */
  rival: Locks;
  events: LockEvent[];
  /** Another program over the same stores: what it sends, and its locks. */
  client(options?: LocksOptions): { wires: Wire[]; locks: Locks };
}

export interface QuorumBenchOptions extends LocksOptions {
  stores?: number;
  over?: QuorumOptions;
}

/** No two clocks are the same, and so no two counters. */
function member(clock: VirtualClock, ahead: number): Member {
  const at = (name: string) => self.data.entries().find(({ key }) => key === `lock:${name}`)?.value ?? "";
  const fresh = () => memory({ clock: { now: () => clock.now() + self.ahead } });
  const self: Member & { data: MemoryTransport } = {
    data: undefined as never,
    ahead,
    run: undefined,
    lose() {
      self.data = fresh();
    },
    async remove(name) {
      await self.data.eval(RELEASE, [`lock:${name}`, "no record"], [at(name), "0", ""]);
    },
    async force(name, ttl) {
      const args = [`t${"f".repeat(22)}`, `${ttl}`, "4000000", at(name)];
      await self.data.eval(FORCE, [`lock:${name}`, `fence.7t5:lock:${name}`], args);
    },
    set: (...args) => self.data.set(...args),
    async eval(script, keys, args) {
      const reply = (await self.data.eval(script, keys, args)) as unknown[];
      const said = script === VOTE && reply[0] === "granted" && args[4] ? self.run?.() : undefined;
      return said ? [...reply.slice(0, 3), `=${said.join(" ")}`] : reply;
    },
  };
  self.lose();
  return self;
}

export function quorumBench({ stores = 3, over, ...options }: QuorumBenchOptions = {}): QuorumBench {
  const clock = virtualClock();
  const members = Array.from({ length: stores }, (_, index) => member(clock, index));
  const events: LockEvent[] = [];

  function client(more: LocksOptions = {}): { wires: Wire[]; locks: Locks } {
    const wires = members.map((each) => wire(each, clock));
    const locks = createLocks(quorum(wires, over), {
      clock,
      onEvent: (event) => void events.push(event),
      ...options,
      ...more,
    });
    return { wires, locks };
  }

  const rival = createLocks(quorum(members, over), { clock });
  return { clock, members, rival, events, client, ...client() };
}

/** How each store's network treats what it is given, by position; the last one's stays for the others. */
export function treat({ wires }: Pick<QuorumBench, "wires">, ...how: (Treatment | Wire["treat"] | undefined)[]): void {
  for (const [index, each] of wires.entries()) {
    const treatment = how[index];
    each.treat = typeof treatment === "function" ? treatment : () => treatment;
  }
}

/** Treats one kind of request so, and the others well. */
export function only(command: Call["command"], treatment: Treatment): Wire["treat"] {
  return (call) => (call.command === command ? treatment : undefined);
}

/** Whose value is at the lock in each store; `""` where it is free. */
export function holdersOf({ members }: Pick<QuorumBench, "members">, name = "x"): string[] {
  return members.map(({ data }) => data.entries().find(({ key }) => key === `lock:${name}`)?.value ?? "");
}

/** The counter in each store. */
export function counters({ members }: Pick<QuorumBench, "members">, name = "x"): number[] {
  return members.map(({ data }) => {
    const record = data.entries().find(({ key }) => key === `fence.7t5:lock:${name}`)?.value ?? "0";
    return Number.parseInt(record, 10);
  });
}
