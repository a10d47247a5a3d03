/**
 * The contract of a transport as a suite for any test runner.
 *
 * @module holdfast/conformance
 */
import type { Quorum } from "../../src/quorum.ts";
import type { Transport } from "../../src/transport.ts";
import { basics } from "./basics.ts";
import { closing } from "./closing.ts";
import { fair as inLine } from "./fair.ts";
import { fencing } from "./fencing.ts";
import { keeping } from "./keeping.ts";
import { loss } from "./loss.ts";
import { lostReplies } from "./lost-replies.ts";
import { malformed } from "./malformed.ts";
import { names } from "./names.ts";
import { neighbours } from "./neighbours.ts";
import { operators } from "./operators.ts";
import { port } from "./port.ts";
import { type Commands, raw } from "./raw.ts";
import { refusals } from "./refusals.ts";
import { release } from "./release.ts";
import { replays } from "./replays.ts";
import type { Paced, Scenario, Stage } from "./stage.ts";
import { perform } from "./stage.ts";
import { stragglers } from "./stragglers.ts";
import { waiting } from "./waiting.ts";
import { wrapping } from "./wrapping.ts";

export type { Commands };

/** What {@link conformance} needs. */
export interface ConformanceOptions {
  /**
   * The test function of any runner: `test` of Vitest, node:test and Bun, `Deno.test`, or one of your own. Tests may
   * run side by side (`test.concurrent`), which is much faster: most of them wait. Each takes up to 5 s, and has to be
   * given 30 s for a slow machine. It fails by rejecting.
   */
  test: (name: string, fn: () => Promise<void>) => unknown;
  /**
   * Makes the transport under test. Called when the first test begins, once, and once more for `other`. The clients
   * are yours to close when all tests are over.
   */
  transport: () => Transport | Promise<Transport>;
  /** Makes a second client of the same store, which need not be of the same kind. @default `transport` */
  other?: (() => Transport | Promise<Transport>) | undefined;
  /** Put before every key; what follows is different in every run. @default "conformance:" */
  prefix?: string | undefined;
  /** What locks are made over, of a transport: a quorum of several in which it is one, say. @default the transport */
  compose?: ((transport: Transport) => Transport | Quorum) | undefined;
  /**
   * Sends a raw command to the same store, by any client. With it a few more tests look at the keys themselves: their
   * values, their expiry, what happens after SCRIPT FLUSH. @default none
   */
  commands?: Commands | undefined;
  /**
   * Whether the locks of the suite wait in line where a test does not say: what holds without a line holds with one.
   * Run it once with and once without. @default false
   */
  fair?: boolean | undefined;
}

const THEMES: readonly (readonly [title: string, theme: (scenario: Scenario, paced: Paced) => void])[] = [
  ["port", port],
  ["names", names],
  ["refusals", refusals],
  ["basics", basics],
  ["waiting", waiting],
  ["fair", inLine],
  ["keeping", keeping],
  ["loss", loss],
  ["release", release],
  ["closing", closing],
  ["fencing", fencing],
  ["operators", operators],
  ["wrapping", wrapping],
  ["neighbours", neighbours],
  ["replays", replays],
  ["stragglers", stragglers],
  ["lost replies", lostReplies],
  ["malformed replies", malformed],
];

/**
 * The contract as tests: whether locks over a transport do what they promise. Registers about 200 tests and returns.
 * Needs no Node and no assertion library, and leaves nothing in the store that does not expire by itself within hours.
 *
 * What networks do to requests, the suite does by itself in front of the transport: it loses, repeats, delays and
 * reorders them. The transport has to send each request, and to say what Redis said.
 *
 * @param options The runner's test function, and the transport; what else is there makes it stricter.
 * @example
 * ```ts
 * import { test } from "node:test";
 * import { conformance } from "holdfast/conformance";
 * import { myAdapter } from "./my-adapter.ts";
 *
 * conformance({ test, transport: () => myAdapter(client) });
 * ```
 * @example
 * ```ts
 * // Where there is no runner.
 * import { conformance } from "holdfast/conformance";
 * import { myAdapter } from "./my-adapter.ts";
 *
 * const failed: string[] = [];
 * const running: Promise<void>[] = [];
 * conformance({
 *   test: (name, fn) => running.push(fn().catch((error) => void failed.push(`${name}: ${error.message}`))),
 *   transport: () => myAdapter(client),
 * });
 * await Promise.all(running);
 * ```
 */
export function conformance({
  test,
  transport,
  other,
  prefix,
  compose = (made) => made,
  commands,
  fair = false,
}: ConformanceOptions): void {
  const one = once(async () => transport());
  const two = once(async () => (other ?? transport)());
  // Made by the first test, because Workers have no randomness before a request.
  const run = once(() => `${prefix ?? "conformance:"}${Math.random().toString(36).slice(2)}:`);
  let count = 0;

  /** Each run of a test has a prefix of its own. */
  async function onStage(scenario: (stage: Stage) => Promise<void>): Promise<void> {
    return perform(scenario, compose, await one(), await two(), `${run()}${++count}:`, fair);
  }

  function register(title: string, theme: (scenario: Scenario, paced: Paced) => void): void {
    const add = (name: string, fn: () => Promise<void>) => test(`${title}: ${name}`, fn);
    theme(
      (name, scenario) => add(name, () => onStage(scenario)),
      (name, scenario) => {
        const at = (pace: number) => onStage((stage) => scenario(stage, (ms) => ms * pace));
        add(name, () => at(1).catch(() => at(3)));
      },
    );
  }

  for (const [title, theme] of THEMES) register(title, theme);
  if (commands) register("keys", (scenario) => raw(scenario, commands));
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
