import { createHash } from "node:crypto";
import { MemoryData } from "../../adapters/support/memory-data.ts";
import { HAND_OVER_TWINS } from "../../adapters/support/memory-hand-over-scripts.ts";
import { QUEUE_TWINS } from "../../adapters/support/memory-queue-scripts.ts";
import { QUORUM_TWINS } from "../../adapters/support/memory-quorum-scripts.ts";
import { TWINS } from "../../adapters/support/memory-scripts.ts";
import { VOTE } from "../../src/quorum-scripts.ts";
import type { ServerPlan } from "./plan.ts";
import type { Timeline } from "./timeline.ts";

/** One key as it stands; `expires` by the server's clock. */
export interface Entry {
  value: string;
  expires: number;
}

/** Half a year. */
const OLD = 15_000_000_000;
const EPOCH = Date.UTC(2026, 10, 1);
const ALL_TWINS = new Map([...TWINS, ...QUORUM_TWINS, ...QUEUE_TWINS, ...HAND_OVER_TWINS]);
const SCRIPTS = new Map(
  [...ALL_TWINS.keys()].map((script) => [createHash("sha1").update(script).digest("hex"), script]),
);

/** One Redis: the memory adapter's twins of the scripts, over a clock of its own, with restarts and failovers. */
export class Server {
  readonly #timeline: Timeline;
  readonly #plan: ServerPlan;
  readonly #known = new Set<string>();
  #jumped = 0;
  #data: MemoryData;
  /** What was there after each write, for a replica that lags. */
  readonly #past: { at: number; entries: Map<string, Entry> }[] = [];
  downUntil = 0;
  hungUntil = 0;
  refusesUntil = 0;
  /** How often it was down: what was under way then is lost. */
  lives = 0;
  /** How often it lost data. */
  losses = 0;
  /** How often its clock jumped. */
  jumps = 0;
  /** World time of the last of these. */
  lostAt: number = Number.NEGATIVE_INFINITY;
  /** Delivers a message; says how many listen. */
  publish: (channel: string, message: string) => number = () => 0;
  /** When it started, by its own clock. */
  #started: number;

  readonly #journals: boolean;

  constructor(timeline: Timeline, plan: ServerPlan, journals: boolean) {
    this.#timeline = timeline;
    this.#plan = plan;
    this.#journals = journals;
    this.#data = this.#open();
    this.#started = this.clock() - (plan.age ?? OLD);
  }

  #open(): MemoryData {
    const data = new MemoryData(() => this.clock());
    data.publish = (channel, message) => this.publish(channel, message);
    return data;
  }

  clock(): number {
    return EPOCH + this.#plan.offset + this.#jumped + this.#timeline.now * this.#plan.rate;
  }

  /** How fast its clock goes. */
  get rate(): number {
    return this.#plan.rate;
  }

  get down(): boolean {
    return this.#timeline.now < this.downUntil;
  }

  peek(key: string): Entry | undefined {
    const value = this.#data.get(key);
    return value === undefined ? undefined : { value, expires: Math.floor(this.clock()) + this.#data.pttl(key) };
  }

  keys(): string[] {
    return this.#data.keys();
  }

  /** Runs a command, and throws what Redis would answer as an error. */
  execute(command: readonly string[]): unknown {
    const reply = this.#run(command);
    if (this.#journals) this.#past.push({ at: this.#timeline.now, entries: this.#entries() });
    if (this.#past.length > 100) this.#past.shift();
    return reply;
  }

  #run([name, ...args]: readonly string[]): unknown {
    const data = this.#data;
    const [first = "", second = "", , , px] = args;
    if (name === "SET") {
      if (data.get(first) !== undefined) return null;
      data.set(first, second, Number(px));
      return "OK";
    }
    if (name === "DELEX") {
      if (data.get(first) !== args[2]) return 0;
      data.delete(first);
      return 1;
    }
    if (name === "EVAL") this.#known.add(first);
    const script = name === "EVAL" ? first : (SCRIPTS.get(first) ?? "");
    const twin = ALL_TWINS.get(script);
    if (!twin) throw new Error(`ERR unknown command ${name}`);
    if (!this.#known.has(script)) throw new Error("NOSCRIPT No matching script. Please use EVAL.");
    const keys = args.slice(2, 2 + Number(second));
    const rest = args.slice(2 + Number(second));
    const answer = twin(data, keys as [string, string, string?], rest);
    // What the memory adapter's twin leaves out: it never restarts.
    if (script === VOTE && rest[4] === "1" && Array.isArray(answer) && answer[0] === "granted")
      answer[3] = this.#plan.mute ? "= " : `=${this.#runId()} ${this.uptime()}`;
    return answer;
  }

  /** As INFO tells it: whole seconds of the wall clock, less those at the start. */
  uptime(): number {
    return Math.floor(this.clock() / 1000) - Math.floor(this.#started / 1000);
  }

  #runId(): string {
    return `run${this.lives}`;
  }

  #entries(): Map<string, Entry> {
    return new Map(this.#data.keys().map((key) => [key, this.peek(key) as Entry]));
  }

  /** Starts again with these keys; Redis keeps the moment at which each expires. */
  #begin(entries: Map<string, Entry>, down: number): void {
    const now = Math.floor(this.clock());
    this.#data = this.#open();
    for (const [key, { value, expires }] of entries) this.#data.set(key, value, expires - now);
    this.#known.clear();
    this.downUntil = this.#timeline.now + down;
    this.hungUntil = 0;
    this.lives++;
  }

  restart(down: number, empty: boolean): void {
    if (empty) this.#lose();
    this.#begin(empty ? new Map() : this.#entries(), down);
    this.#started = this.clock() + down * this.#plan.rate;
  }

  #lose(): void {
    this.losses++;
    this.lostAt = this.#timeline.now;
  }

  /** A replica takes over that lacks the writes of the last `lag` milliseconds, and whose clock differs by `skew`. */
  failOver(lag: number, skew: number): void {
    const known = this.#past.filter(({ at }) => at <= this.#timeline.now - lag).at(-1);
    this.#jumped += skew;
    this.#started += skew;
    this.#lose();
    this.#begin(known?.entries ?? new Map(), Math.min(lag, 20));
  }

  /** It is stopped for so long, and then does what it was sent meanwhile. */
  hang(ms: number): void {
    this.hungUntil = Math.max(this.hungUntil, this.#timeline.now + ms);
  }

  /** It accepts no connection, or is loading: nothing is executed, and it forgets nothing. */
  refuse(ms: number): void {
    this.refusesUntil = Math.max(this.refusesUntil, this.#timeline.now + ms);
  }

  get hangs(): boolean {
    return this.#timeline.now < this.hungUntil;
  }

  get refuses(): boolean {
    return this.#timeline.now < this.refusesUntil;
  }

  jump(ms: number): void {
    this.jumps++;
    this.#jumped += ms;
  }

  flushScripts(): void {
    this.#known.clear();
  }

  delete(key: string): void {
    this.#data.delete(key);
  }
}
