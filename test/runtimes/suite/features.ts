import { createLocks, type Locks } from "holdfast";
import { ioredis } from "holdfast/ioredis";
import { memory } from "holdfast/memory";
import { nodeRedis } from "holdfast/node-redis";
import { quorum } from "holdfast/quorum";
import { upstash } from "holdfast/upstash";
import { equal, ok, refusal } from "./check.ts";
import type { Feature, Place } from "./place.ts";

export type Using = typeof import("./using.ts");
type Add = (name: string, fn: () => Promise<void>) => void;

/** What this runtime has is used, and what it lacks is seen to be missing, and not to be missed. */
export function features(add: Add, place: Place, using: () => Promise<Using>): void {
  const has = (feature: Feature) => !place.lacks.includes(feature);

  function test(name: string, run: (locks: Locks) => Promise<void>): void {
    add(name, async () => {
      const locks = createLocks(memory(), { wait: "10s" });
      await run(locks).finally(() => locks.close());
    });
  }

  if (has("await using")) {
    test("await using releases", async (locks) => {
      const lease = await (await using()).hold(locks.acquire("a"));
      equal(lease.held, false, "held at the end of the block");
      equal((await locks.query("a")).held, false, "held in the store");
    });
  } else {
    test("await using is a syntax error, and Symbol.asyncDispose releases", async (locks) => {
      const error = await refusal(using, "importing the syntax");
      ok(error instanceof SyntaxError, `it is a ${error.name}`);
      const lease = await locks.acquire("a");
      await lease[Symbol.asyncDispose]();
      equal((await locks.query("a")).held, false, "held in the store");
    });
  }

  test(`a signal abandons a wait, ${has("AbortSignal.any") ? "with" : "without"} AbortSignal.any`, async (locks) => {
    equal("any" in AbortSignal, has("AbortSignal.any"), "whether AbortSignal.any is there");
    const holder = await locks.acquire("a");
    const controller = new AbortController();
    const waiting = refusal(() => locks.acquire("a", { signal: controller.signal }), "acquire()");
    controller.abort("enough");
    equal(await waiting, "enough", "what the wait rejects with");
    equal(await holder.release(), true, "release()");
  });

  add("a quorum of REST and memory, in which all have to agree", async () => {
    const { url, token } = place.stations[0] as { url: string; token: string };
    const stores = [upstash({ url, token }), memory(), memory()];
    const locks = createLocks(quorum(stores, { quorum: 3, maxTtl: 0 }), { prefix: `${place.prefix}quorum:` });
    const first = await locks.acquire("a");
    equal(await locks.tryAcquire("a"), null, "tryAcquire() meanwhile");
    equal((await locks.query("a")).holders[0]?.fence, first.fence, "the fence, of query()");
    const before = first.expiresAt;
    const after = await first.extend("40s");
    // Of 10 s more; a deadline reads earlier when a busy machine stops between two readings of its clocks.
    ok(after > before + 5000, `extend() moved the deadline by ${after - before} ms`);
    equal(await first.verify(), true, "verify()");
    equal(await first.release(), true, "release()");
    ok((await locks.request("a", (lease) => lease.fence)) > first.fence, "a later fence is larger");
    await locks.close();
  });

  test(`leases are had ${has("Promise.withResolvers") ? "with" : "without"} Promise.withResolvers`, async (locks) => {
    equal("withResolvers" in Promise, has("Promise.withResolvers"), "whether Promise.withResolvers is there");
    equal(await locks.request("a", async (lease) => lease.verify()), true, "verify()");
  });

  test(has("TCP") ? "there is TCP" : "there is no TCP, and importing it is refused", async () => {
    // Named by a variable, so that no bundler looks for it.
    const net = "node:net";
    if (has("TCP")) equal(typeof (await import(net)).connect, "function", "connect of node:net");
    else ok((await refusal(() => import(net), "import of node:net")) instanceof Error, "it is no error");
  });

  test("adapters for TCP refuse what is no client, in words", async () => {
    const rest = upstash({ url: "https://example.com", token: "secret" });
    for (const client of [undefined, {}, rest]) {
      const forIoredis = await refusal(() => ioredis(client as never), "ioredis()");
      equal(forIoredis.message, "ioredis() takes an ioredis Redis or Cluster.", "what ioredis() says");
      const forNodeRedis = await refusal(() => nodeRedis(client as never), "nodeRedis()");
      ok(forNodeRedis.message.startsWith("nodeRedis() takes a client"), `nodeRedis() says: ${forNodeRedis.message}`);
    }
  });

  test(`REST asks for no cache ${has("fetch's cache option") ? "by" : "without"} fetch's option`, async () => {
    equal("cache" in Request.prototype, has("fetch's cache option"), "whether requests have the option");
    const seen: (string | undefined)[] = [];
    const spy: typeof fetch = async (url, init) => {
      seen.push(init?.cache);
      return new Response(JSON.stringify({ result: new Request(url, init) && "OK" }));
    };
    await upstash({ url: "https://example.com", token: "secret", fetch: spy }).set("a", "b", { nx: true, px: 1 });
    equal(seen.join(), has("fetch's cache option") ? "no-store" : "", "the option that was sent");
  });

  if (!has("Node's globals")) {
    test("Node's globals are missing, and not missed", async () => {
      const there = ["process", "Buffer", "require", "setImmediate", "global"].filter((name) => name in globalThis);
      equal(there.join(), "", "which are there");
    });
  }

  if (!has("eval")) {
    test("code from text is refused, and not needed", async () => {
      const error = await refusal(() => new Function("return 1"), "new Function");
      ok(error instanceof Error, `it is ${error}`);
    });
  }
}
