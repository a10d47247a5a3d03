import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { command } from "../../adapters/command.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";
import { decoded } from "../support/decoded.ts";
import { failsWith, noUnhandledRejections, outage, SLACK } from "../support/outcome.ts";
import { freePort } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";
import { CLIENTS, tcpClient } from "../support/tcp-clients.ts";

noUnhandledRejections();

describe.each(CLIENTS)("%s", (kind) => {
  test("down from the start: an outage within the wait, and it works once Redis is up", async () => {
    const port = await freePort();
    const client = await tcpClient(kind, `redis://127.0.0.1:${port}`);
    const locks = createLocks(client.transport, { commandTimeout: 300 });
    const began = performance.now();
    const error = await failsWith("BACKEND", locks.acquire("x", { wait: 300 }));
    expect(performance.now() - began).toBeLessThan(300 + SLACK);
    expect(error.message).toMatch(/no answer within|ECONNREFUSED|connection/i);
    expect(error.message).toMatch(/Redis is up.* address/);
    await failsWith("BACKEND", locks.query("x"));
    await failsWith("BACKEND", locks.tryAcquire("x"));
    await failsWith("BACKEND", locks.forceRelease("x"));

    const server = await startRedis({ port });
    expect(await locks.request("x", { wait: "15s" }, () => "served")).toBe("served");
    await locks.close();
    client.close();
    await server.stop();
  });

  test("restarted without data: the lease is gone, and fences are still larger", async () => {
    let server = await startRedis();
    const restart = async () => {
      await server.kill("SIGKILL");
      await server.stop();
      server = await startRedis({ port: server.port });
    };
    const client = await tcpClient(kind, server.url);
    const locks = createLocks(client.transport, { ttl: "30s", wait: "15s" });
    const lease = await locks.acquire("x");
    await restart();
    // The client reconnects in its own time.
    let held: boolean | undefined;
    while (held === undefined) held = await lease.verify().catch(() => undefined);
    expect(held).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: "LOST", reason: "deleted" });

    const fences = [lease.fence, (await locks.acquire("x")).fence];
    await restart();
    fences.push((await locks.acquire("x")).fence);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    client.close();
    await server.stop();
  });
});

test("REST, down from the start: the refused connection is named, with what to check", async () => {
  const locks = createLocks(upstash({ url: `http://127.0.0.1:${await freePort()}`, token: "secret-token" }), {
    commandTimeout: 300,
  });
  const began = performance.now();
  const error = await outage(locks.acquire("x", { wait: 300 }), /ECONNREFUSED/, /Redis is up.* address/);
  expect(performance.now() - began).toBeLessThan(300 + SLACK);
  expect(error.message).not.toContain("secret-token");
  await failsWith("BACKEND", locks.query("x"));
});

test("a server that loads its data: LOADING is waited out, or said", async () => {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-loading-"));
  const port = await freePort();
  const redisOf = () => respClient(`redis://127.0.0.1:${port}`);
  const filled = await startRedis({ port, dir });
  const filler = redisOf();
  await filler.send("EVAL", "for i = 1, 20000 do redis.call('SET', 'k' .. i, string.rep('x', 100)) end", "0");
  await filler.send("SAVE");
  filler.close();
  await filled.stop();

  // Half a second at least, during which it answers every few keys.
  const slow = ["--key-load-delay", "100", "--loading-process-events-interval-bytes", "2048"];
  const starting = startRedis({ port, dir, args: slow });
  const redis = redisOf();
  const locks = createLocks(command(async (args) => decoded(await redis.send(...args))));
  for (;;) {
    const error = await failsWith("BACKEND", locks.tryAcquire("x"));
    if (error.message.includes("LOADING")) {
      expect(error.message).toMatch(/Try again later/);
      break;
    }
    expect(error.message).toContain("ECONNREFUSED");
    await sleep(5);
  }
  expect(await locks.request("x", { wait: "20s" }, () => "served")).toBe("served");
  redis.close();
  await (await starting).stop();
  await rm(dir, { recursive: true });
});
