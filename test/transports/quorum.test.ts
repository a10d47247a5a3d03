import { Redis } from "ioredis";
import { afterAll, describe, inject, test, vi } from "vitest";
import { ioredis } from "../../adapters/ioredis.ts";
import { memory } from "../../adapters/memory.ts";
import type { Transport } from "../../src/index.ts";
import { type Quorum, quorum } from "../../src/quorum.ts";
import { SCAN } from "../../src/scripts.ts";
import { conformance } from "../conformance/index.ts";
import { rawCommands } from "../support/raw-commands.ts";

vi.setConfig({ maxConcurrency: 40, testTimeout: 30_000 });

/** Of several stores one that fails, or has a key, is outvoted; and there are more requests to count. */
const OF_ONE_STORE = new RegExp(
  "^(port|neighbours|malformed replies|lost replies): |^stragglers: (a release that overtakes|a slow answer|a lease's own)" +
    "|^keys: (a key that|a lock without expiry|another library)|^keeping: a ttl of 100 ms" +
    "|^waiting: (tryAcquire of a held lock is null, after|wait: 0 is|wait bounds the call when a request hangs)",
);
/** A quorum asks by script at once: it has to know how long the server has been running. */
const PLAIN = /^waiting: without a fence a null is believed/;
/** A round ends a little before its wait, which may do for one more. */
const LAST_MOMENT = /^(waiting: wait bounds the call when a request hangs|stragglers: a release that overtakes)/;
/** An attempt and its give-back are two requests: of every other one it is always the attempt that is lost. */
const RESONANCE = /^lost replies: request succeeds although every other time/;

function but(...left: RegExp[]): (name: string, run: () => Promise<void>) => unknown {
  return (name, run) => left.some((pattern) => pattern.test(name)) || test.concurrent(name, run);
}

/** Another store on the same server: its keys have something in front. */
function apart(transport: Transport, front: string): Transport {
  return {
    set: (key, value, options) => transport.set(front + key, value, options),
    async eval(script, keys, args) {
      const [cursor = "", pattern = ""] = args;
      if (script !== SCAN)
        return transport.eval(
          script,
          keys.map((key) => front + key),
          args,
        );
      const page = (await transport.eval(script, keys, [cursor, front + pattern])) as string[];
      return page.map((item, index) => (index ? `=${item.slice(1 + front.length)}` : item));
    },
  };
}

const three = (one: Transport): Quorum =>
  quorum([one, apart(one, "second:"), apart(one, "third:")], { maxTtl: 0, timeout: "10s" });

describe("one store", () => {
  const store = memory();
  conformance({
    test: but(PLAIN, RESONANCE, LAST_MOMENT),
    transport: () => store,
    compose: (one) => quorum([one], { timeout: "10s" }),
  });
});

describe("three in memory", () => {
  const store = memory();
  conformance({ test: but(PLAIN, OF_ONE_STORE), transport: () => store, compose: (one) => three(one) });
});

describe("three over Redis", () => {
  const redisUrl = inject("redisUrl");
  const commands = rawCommands([redisUrl]);
  const client = new Redis(redisUrl);
  afterAll(async () => {
    commands.close();
    await client.quit();
  });
  conformance({
    test: but(PLAIN, RESONANCE, OF_ONE_STORE),
    transport: () => ioredis(client),
    prefix: inject("redisPrefix"),
    commands: commands.send,
    compose: (one) => three(one),
  });
});
