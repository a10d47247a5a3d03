import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, test, vi } from "vitest";

vi.setConfig({ testTimeout: 50_000 });

const script = fileURLToPath(new URL("exit-child.ts", import.meta.url));

/** How the process ends, after what it printed; one that listens is killed once it has printed that it does. */
async function run(client: string, what: "lingering" | "taken back"): Promise<unknown> {
  const child = spawn(process.execPath, [script, client, inject("redisUrl"), what], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), 40_000);
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
    // It would have ended long ago.
    if (what === "taken back") setTimeout(() => child.kill("SIGTERM"), 1500);
  });
  const [code, signal] = await once(child, "close");
  clearTimeout(limit);
  return { printed, ended: signal ?? code };
}

describe.concurrent("a process", () => {
  test.each(["ioredis5", "ioredis", "redis4", "redis5", "redis"])(
    "over %s is not kept alive by a connection that nobody listens on any more",
    async (client) => {
      expect(await run(client, "lingering")).toEqual({ printed: "done", ended: 0 });
    },
  );

  test.each(["ioredis", "redis"])("over %s is kept alive by one that was taken back", async (client) => {
    expect(await run(client, "taken back")).toEqual({ printed: "done", ended: "SIGTERM" });
  });
});
