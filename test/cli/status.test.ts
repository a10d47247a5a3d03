import { expect, test } from "vitest";
import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { fresh, HERE, holderOf, holdfast, PREFIX, shared, start } from "./support.ts";

/** Arguments with a prefix of its own, so that other tests' locks are not in the list. */
function apart(): { prefix: string; here: string[] } {
  const prefix = `${PREFIX}${fresh("apart")}:`;
  return { prefix, here: ["--redis", HERE[1] as string, "--prefix", prefix] };
}

test.concurrent("a table of what is held, by whom, for how long", async () => {
  const { here, prefix } = apart();
  const none = await holdfast(["status", ...here]);
  expect(none).toMatchObject({ code: 0, stdout: `No lock is held under the prefix ${JSON.stringify(prefix)}.\n` });
  await holdfast(["lock", "b", "60000", "--owner", "the owner", ...here]);
  await shared().send("SET", `${prefix}a`, "something foreign");
  const { code, stdout } = await holdfast(["status", ...here]);
  expect(code).toBe(0);
  const [head, first, second] = stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["NAME", "STATE", "OWNER", "FENCE", "LEFT"]);
  expect(first).toEqual(["a", "held", "-", "-", "for ever"]);
  expect(second).toEqual([
    "b",
    "held",
    "the owner",
    expect.stringMatching(/^\d{16}$/),
    expect.stringMatching(/^\d+\.\d s$/),
  ]);
  await shared().send("DEL", `${prefix}a`, `${prefix}b`);
});

test.concurrent("of names, which of them are held; and 1 unless all are", async () => {
  const { here, prefix } = apart();
  await holdfast(["lock", "held", "60000", "--owner", "the owner", ...here]);
  await holdfast(["run", "kept", "--min-hold", "60s", ...here, "--", "true"]);
  const { code, stdout } = await holdfast(["status", "held", "kept", "free", "--json", ...here]);
  expect(code).toBe(1);
  const { locks, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({ prefix, at: expect.any(Number) });
  const holder = { owner: "the owner", fence: expect.any(Number), remaining: expect.any(Number) };
  expect(locks).toEqual([
    { name: "held", held: true, kept: false, holders: [holder], remaining: holder.remaining },
    { name: "kept", held: false, kept: true, holders: [], remaining: expect.any(Number) },
    { name: "free", held: false, kept: false, holders: [], remaining: 0 },
  ]);
  expect((await holdfast(["status", "held", "--quiet", ...here])).code).toBe(0);
  expect((await holdfast(["status", ...here])).stdout).toContain("kept");
  await shared().send("DEL", `${prefix}held`, `${prefix}kept`);
});

test.concurrent("--watch goes on until it is told to stop, and sees what changes", async () => {
  const { here, prefix } = apart();
  const named = start(["status", "--json", ...here, "--watch", "new", "other"]);
  const running = start(["status", "--watch", "100ms", "--json", ...here]);
  await running.says('"locks":[]');
  await shared().send("SET", `${prefix}new`, "x", "PX", "60000");
  await running.says('"name":"new"');
  await named.says('"name":"other"');
  process.kill(named.pid, "SIGTERM");
  expect((await named.finished).code).toBe(0);
  process.kill(running.pid, "SIGINT");
  const { code, stdout } = await running.finished;
  expect(code).toBe(0);
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("locks");
  await shared().send("DEL", `${prefix}new`);
});

test.concurrent("--watch ends with 3 when Redis is gone, and at once when it is told to stop while Redis hangs", async () => {
  const [hanging, gone] = await Promise.all([startRedis(), startRedis()]);
  try {
    const watch = ["status", "--watch", "100ms", "--redis"];
    const [waits, fails] = [start([...watch, hanging.url, "--timeout", "10m"]), start([...watch, gone.url])];
    await Promise.all([waits.says("No lock"), fails.says("No lock")]);
    await Promise.all([hanging.kill("SIGSTOP"), gone.kill("SIGKILL")]);
    expect(await fails.finished).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^holdfast: Redis did not list /),
    });
    waits.child.kill("SIGTERM");
    expect((await waits.finished).code).toBe(0);
  } finally {
    await Promise.all([hanging.stop(), gone.stop()]);
  }
});

test.concurrent("--watch ends when nobody reads it any more", async () => {
  const { here } = apart();
  const running = start(["status", "--watch", "100ms", ...here]);
  await running.says("No lock");
  running.child.stdout?.destroy();
  expect((await running.finished).code).toBe(0);
});

test.concurrent("a name or a label cannot steer the terminal", async () => {
  const { here, prefix } = apart();
  const name = "evil\u001b[2Jname\n";
  await shared().send("SET", prefix + name, "tAAAAAAAAAAAAAAAAAAAAAA \u001b]0;title\u0007", "PX", "60000");
  const { stdout } = await holdfast(["status", ...here]);
  expect(stdout).toContain("evil\\u001b[2Jname\\u000a");
  expect(stdout).toContain("\\u001b]0;title\\u0007");
  expect(stdout).not.toContain("\u001b");
  await shared().send("DEL", prefix + name);
});

test.concurrent("reset asks, and takes no for an answer", async () => {
  const { here, prefix } = apart();
  await holdfast(["lock", "it", "60000", "--owner", "the owner", ...here]);
  for (const answer of ["", "n\n", "\n", "yesterday\n"]) {
    const refused = await holdfast(["reset", "it", ...here], {}, answer);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("the owner");
    expect(refused.stderr).toContain("Free this lock? [y/N]");
    expect(await shared().send("EXISTS", `${prefix}it`)).toBe(1);
  }
  const freed = await holdfast(["reset", "it", ...here], {}, "y\n");
  expect(freed).toMatchObject({ code: 0, stdout: "" });
  expect(freed.stderr).toContain("holdfast: it is freed");
  expect(await shared().send("EXISTS", `${prefix}it`)).toBe(0);
  expect(await holdfast(["reset", "it", ...here])).toMatchObject({
    code: 0,
    stderr: "holdfast: there was nothing to free\n",
  });
});

test.concurrent("reset --all frees everything under the prefix, and nothing else; its holders learn of it", async () => {
  const { here, prefix } = apart();
  const beside = fresh();
  const running = start(["run", "running", "--ttl", "4s", ...here, "--", "sh", "-c", "echo up; read -r _"]);
  await running.says("up");
  await shared().send("SET", `${prefix}foreign`, "x");
  await shared().send("SET", PREFIX + beside, "x", "PX", "60000");
  const { code, stdout } = await holdfast(["reset", "--all", "--yes", "--json", ...here]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ prefix, freed: ["foreign", "running"] });
  expect(await holderOf(beside)).toBe("x");
  expect((await running.finished).code).toBe(114);
  await until(async () => (await shared().send("EXISTS", `${prefix}running`)) === 0, "it was not freed");
  await shared().send("DEL", PREFIX + beside);
});

test.concurrent("reset is refused where it may be a mistake", async () => {
  const { here } = apart();
  for (const words of [["reset"], ["reset", "a", "--all"], ["reset", "--all", "--json"], ["reset", "a", "--quiet"]]) {
    expect((await holdfast([...words, ...here])).code, words.join(" ")).toBe(2);
  }
  expect((await holdfast(["reset", "--all", "--yes", ...here, "--prefix", ""])).code).toBe(2);
});
