import * as flight from "../../src/flight-scripts.ts";
import * as handOver from "../../src/hand-over-scripts.ts";
import type { Clock, Transport } from "../../src/index.ts";
import * as queue from "../../src/queue-scripts.ts";
import * as quorum from "../../src/quorum-scripts.ts";
import * as scripts from "../../src/scripts.ts";

/** One request as it left the library. */
export interface Call {
  command:
    | "set"
    | "acquire"
    | "extend"
    | "release"
    | "force"
    | "query"
    | "scan"
    | "vote"
    | "keep"
    | "raise"
    | "repair"
    | "give"
    | "look"
    | "fly"
    | "land"
    | "join"
    | "pass"
    | "count"
    | "hand";
  /** The first argument of the script: the token, for those that have one. */
  token: string;
  args: string[];
  /** When it was sent, on the monotonic clock. */
  at: number;
  /** Which call of this command it is, from 1. */
  nth: number;
}

/** What the network does to a request. Nothing given: executed and answered at once. */
export interface Treatment {
  /** Milliseconds until the server executes it; `Infinity`: it never arrives. */
  arrives?: number;
  /** Milliseconds from then until the answer is here; `Infinity`: it is lost. */
  answers?: number;
  /** The server refuses with this and executes nothing. */
  refuses?: unknown;
  /** Executed, and then the client throws this. */
  throws?: unknown;
  /** Answered with this, whatever the server said. */
  says?: unknown;
  /** Answered with this by something on the way; the server never sees it. */
  intercepted?: unknown;
  /** The server gets it twice, and the second answer is the one that comes. */
  twice?: boolean;
}

export interface Wire extends Transport {
  /** Everything that was sent, in order. */
  readonly calls: Call[];
  /** What happens to each request from now on. */
  treat: (call: Call) => Treatment | undefined;
  /** How many requests of this command were sent. */
  sent(command: Call["command"]): number;
}

/** Nothing arrives, nothing comes back, and nobody says so. */
export const BLACK_HOLE: Treatment = { arrives: Number.POSITIVE_INFINITY };

/** Executed, and the answer never comes. */
export const LOST_REPLY: Treatment = { answers: Number.POSITIVE_INFINITY };

const COMMANDS = new Map<string, Call["command"]>([
  [scripts.ACQUIRE, "acquire"],
  [scripts.EXTEND, "extend"],
  [scripts.RELEASE, "release"],
  [scripts.FORCE, "force"],
  [scripts.QUERY, "query"],
  [scripts.SCAN, "scan"],
  [quorum.VOTE, "vote"],
  [quorum.KEEP, "keep"],
  [quorum.GIVE, "give"],
  [quorum.LOOK, "look"],
  [flight.FLY, "fly"],
  [flight.LAND, "land"],
  [queue.JOIN, "join"],
  [queue.PASS, "pass"],
  [queue.COUNT, "count"],
  [handOver.HAND, "hand"],
]);

/** With a ttl MEND is a repair; without, it only raises the counter. */
function commandOf(script: string, args: string[]): Call["command"] | undefined {
  return script === quorum.MEND ? (args[1] ? "repair" : "raise") : COMMANDS.get(script);
}

/** A network between the library and a store, under the test's control and the clock's time. */
export function wire(store: Transport, clock: Clock, treat: Wire["treat"] = () => undefined): Wire {
  const calls: Call[] = [];

  async function pass(command: Call["command"], args: string[], execute: () => Promise<unknown>): Promise<unknown> {
    const nth = calls.filter((call) => call.command === command).length + 1;
    const call = { command, args, token: args[0] ?? "", at: clock.monotonic(), nth };
    calls.push(call);
    const { arrives = 0, answers = 0, refuses, throws, says, intercepted, twice } = self.treat(call) ?? {};
    await pause(clock, arrives);
    if (refuses !== undefined) throw refuses;
    if (intercepted !== undefined) return intercepted;
    if (twice) await execute();
    const reply = await execute();
    await pause(clock, answers);
    if (throws !== undefined) throw throws;
    return says === undefined ? reply : says;
  }

  const self: Wire = {
    calls,
    treat,
    sent: (command) => calls.filter((call) => call.command === command).length,
    set: (key, value, options) => pass("set", [value, String(options.px)], () => store.set(key, value, options)),
    eval(script, keys, args) {
      const command = commandOf(script, args);
      if (!command) throw new Error("a script that is not in src/scripts.ts or src/quorum-scripts.ts");
      return pass(command, args, () => store.eval(script, keys, args));
    },
  };
  return self;
}

/** The network's own timers keep no process alive, so that a test can count the library's. */
function pause(clock: Clock, ms: number): Promise<void> | undefined {
  if (ms <= 0) return undefined;
  return new Promise((resolve) => {
    if (ms !== Number.POSITIVE_INFINITY) clock.timer(ms, resolve).unref();
  });
}
