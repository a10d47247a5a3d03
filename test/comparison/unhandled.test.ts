import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";

const program = join(import.meta.dirname, "unhandled-child.ts");

let redis: RedisServer;
/** The same server for a user who may not write. */
let limited: string;
beforeAll(async () => {
  redis = await startRedis();
  const admin = respClient(redis.url);
  await admin.send("ACL", "SETUSER", "reader", "on", ">secret", "~*", "&*", "+@all", "-@write");
  admin.close();
  limited = `redis://reader:secret@${redis.host}:${redis.port}`;
}, 60_000);
afterAll(() => redis?.stop());

function run(what: string): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, what, redis.url, limited], (_error, _stdout, stderr) =>
      resolve({ code: child.exitCode, stderr }),
    );
  });
}

describe.concurrent("a process that catches what the library documents", { timeout: 60_000 }, () => {
  test("holdfast: lives when its lock is deleted, and when Redis refuses", async () => {
    expect(await Promise.all(["holdfast, the lock is deleted", "holdfast, Redis refuses"].map(run))).toEqual([
      { code: 0, stderr: "" },
      { code: 0, stderr: "caught BACKEND" },
    ]);
  });

  test("redis-semaphore: dies when its lock is deleted, unless it has onLockLost", async () => {
    const { code, stderr } = await run("redis-semaphore, the lock is deleted");
    expect(stderr).toContain("Lost mutex for key");
    expect(code).toBe(1);
  });

  test("simple-redis-mutex, lock: dies when Redis refuses", async () => {
    const { code, stderr } = await run("simple-redis-mutex, Redis refuses");
    expect(stderr).toContain("NOPERM");
    expect(stderr).not.toContain("caught");
    expect(code).toBe(1);
  });
});
