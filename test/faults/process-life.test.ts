import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, test } from "vitest";
import { noUnhandledRejections } from "../support/outcome.ts";
import { restBench } from "../support/rest-bench.ts";

const script = fileURLToPath(new URL("../support/life-child.ts", import.meta.url));

noUnhandledRejections();

interface End {
  code: number | null;
  printed: string;
}

/** Runs the process to its end; what does not end within 15 s is killed, and has no code. */
async function run(...args: string[]): Promise<End> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), 15_000);
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  const [code] = await once(child, "close");
  clearTimeout(limit);
  return { code, printed };
}

describe.concurrent("a Node process", () => {
  test.each(["hold", "hold and watch", "renew", "request"])("is not kept alive by its lease: %s", async (what) => {
    expect(await run(what)).toEqual({ code: 0, printed: "" });
  });

  test("is kept alive by a wait, until it is granted", async () => {
    expect(await run("wait")).toEqual({ code: 0, printed: "granted" });
  });

  test("is kept alive by a wait, until it times out", async () => {
    expect(await run("time out")).toEqual({ code: 0, printed: "TIMEOUT" });
  });

  test("is kept alive by a release that waits for a renewal which is not answered", async () => {
    expect(await run("release behind a renewal")).toEqual({ code: 0, printed: "true" });
  });

  test("over REST it is the same", async () => {
    const prefix = `${inject("redisPrefix")}life:`;
    const rest = await restBench(prefix, { redisUrl: inject("redisUrl") });
    const { url, token } = rest.server;
    expect(await run("hold and watch", url, token, `${prefix}1:`)).toEqual({ code: 0, printed: "" });
    expect(await run("renew", url, token, `${prefix}2:`)).toEqual({ code: 0, printed: "" });
    expect(await run("wait", url, token, `${prefix}3:`)).toEqual({ code: 0, printed: "granted" });
    await rest.close();
  });
});
