import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { COMMAND, expectFree, fresh, HERE, holderOf, holdfast, PREFIX, shared } from "./support.ts";

test.concurrent("lock NAME MS prints the key, and unlock NAME KEY gives it back, as with redlock-py", async () => {
  const name = fresh();
  const locked = await holdfast(["--redis", HERE[1] as string, "--prefix", PREFIX, "lock", name, "60000"]);
  expect(locked.code).toBe(0);
  const key = locked.stdout.trim();
  expect(locked.stdout).toBe(`${key}\n`);
  expect(locked.stderr).toMatch(new RegExp(`^holdfast: ${name} is locked until 20`));
  expect(await holderOf(name)).toBe(key);
  const left = Number(await shared().send("PTTL", PREFIX + name));
  expect(left).toBeGreaterThan(30_000);
  expect(left).toBeLessThanOrEqual(60_000);

  const busy = await holdfast(["lock", name, "60000", "--wait", "0", ...HERE]);
  expect(busy).toMatchObject({ code: 1, stdout: "" });
  expect(await holdfast(["unlock", name, key, ...HERE])).toMatchObject({ code: 0, stdout: "" });
  await expectFree(name);
  expect(await holdfast(["unlock", name, key, ...HERE, "--quiet"])).toEqual({
    code: 1,
    signal: null,
    stdout: "",
    stderr: "",
  });
});

test.concurrent("with --quiet the key is all there is, and milliseconds may be few", async () => {
  const name = fresh();
  const { code, stdout, stderr } = await holdfast(["lock", name, "300", "--quiet", ...HERE]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^t[\w-]{22}\n$/);
  await until(async () => (await holderOf(name)) === null, "the ttl did not free it");
});

test.concurrent("for programs they answer in objects", async () => {
  const name = fresh();
  const locked = await holdfast(["lock", name, "60s", "--owner", "a label", "--json", ...HERE]);
  const { key, ...rest } = JSON.parse(locked.stdout);
  expect(rest).toEqual({ name, fence: expect.any(Number), expiresAt: expect.any(Number) });
  expect(key).toMatch(/^t[\w-]{22} a label$/);
  const extended = await holdfast(["extend", name, key, "120s", "--json", ...HERE]);
  expect(JSON.parse(extended.stdout)).toEqual({ name, extended: true, expiresAt: expect.any(Number) });
  expect(JSON.parse(extended.stdout).expiresAt).toBeGreaterThan(rest.expiresAt);
  const unlocked = await holdfast(["unlock", name, key, "--json", ...HERE]);
  expect(JSON.parse(unlocked.stdout)).toEqual({ name, unlocked: true });
  const again = await holdfast(["extend", name, key, "--json", ...HERE]);
  expect(again.code).toBe(1);
  expect(JSON.parse(again.stdout)).toEqual({ name, extended: false, expiresAt: null });
});

test.concurrent("extend lengthens and never shortens, and what it extends is still held afterwards", async () => {
  const name = fresh();
  const key = (await holdfast(["lock", name, "60000", "--no-fence", ...HERE])).stdout.trim();
  expect(await holdfast(["extend", name, key, "300000", ...HERE])).toMatchObject({ code: 0, stdout: "" });
  expect(Number(await shared().send("PTTL", PREFIX + name))).toBeGreaterThan(200_000);
  expect((await holdfast(["extend", name, key, "1000", ...HERE])).code).toBe(0);
  expect(Number(await shared().send("PTTL", PREFIX + name))).toBeGreaterThan(200_000);
  const other = "tAAAAAAAAAAAAAAAAAAAAAA";
  expect((await holdfast(["extend", name, other, ...HERE])).code).toBe(1);
  expect((await holdfast(["unlock", name, other, ...HERE])).code).toBe(1);
  expect(await holderOf(name)).toBe(key);
  await shared().send("DEL", PREFIX + name);
});

test.concurrent("inside of run the key is in the environment", async () => {
  const name = fresh();
  const inner = [process.execPath, COMMAND, "extend", name, ...HERE].map((word) => `'${word}'`).join(" ");
  expect(await holdfast(["run", name, ...HERE, "--", "sh", "-c", `${inner} --json`])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"extended":true'),
  });
});

test.concurrent("a key that nobody could read is given back", async () => {
  const name = fresh();
  const child = spawn(process.execPath, [COMMAND, "lock", name, ...HERE], { stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  await expectFree(name);
});

test.concurrent("what redlock-py has locked is waited for, and the other way round, without a prefix", async () => {
  const name = PREFIX + fresh();
  const here = ["--redis", HERE[1] as string, "--prefix", ""];
  await shared().send("SET", name, "0123456789012345678901", "NX", "PX", "60000");
  expect((await holdfast(["lock", name, "1000", "--wait", "0", ...here])).code).toBe(1);
  await shared().send("DEL", name);
  expect((await holdfast(["lock", name, "60000", "--wait", "0", ...here])).code).toBe(0);
  expect(await shared().send("SET", name, "0123456789012345678901", "NX", "PX", "1000")).toBeNull();
  await shared().send("DEL", name);
});
