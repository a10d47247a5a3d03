import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { type RespClient, respClient, text } from "../support/resp.ts";

const PROCESSES = 4;
const CALLERS = 250;
const script = fileURLToPath(new URL("callers-child.ts", import.meta.url));
const prefix = `${inject("redisPrefix")}flight:`;

let redis: RespClient;
beforeAll(() => {
  redis = respClient(inject("redisUrl"));
});
afterAll(() => redis.close());

/** A process that is ready; `go` has it call, and gives what its callers got. */
async function callers(name: string, how: string): Promise<{ go(): Promise<unknown[]> }> {
  const child = spawn(process.execPath, [script, inject("redisUrl"), prefix, name, String(CALLERS), how], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return {
    async go() {
      child.stdin.end("go\n");
      return JSON.parse((await lines.next()).value as string);
    },
  };
}

test.each([
  ["share", "that share within their process"],
  ["apart", "each of which asks Redis itself"],
])("a thousand concurrent callers in four processes compute once: %s", { timeout: 90_000 }, async (how) => {
  const name = `thousand:${how}`;
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => callers(name, how)));
  const results = (await Promise.all(processes.map(({ go }) => go()))).flat();
  expect(results).toHaveLength(PROCESSES * CALLERS);
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  expect(results[0]).toMatchObject({ count: 1 });
  expect(text((await redis.send("GET", `${prefix}computed:${name}`)) as Buffer)).toBe("1");
});
