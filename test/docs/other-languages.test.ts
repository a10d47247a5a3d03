import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Running } from "../cli/support.ts";
import { until } from "../support/redis-process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RespClient, respClient, text } from "../support/resp.ts";
import { examples } from "./docstrings.ts";
import { LISTED, listed } from "./listed.ts";
import { type Block, blocksOf, pages, read, root } from "./markdown.ts";
import { type Shell, shell } from "./shell.ts";

const all = pages();
const others = [...all.flatMap(blocksOf), ...examples()].filter(({ language }) => language !== "ts");

/** The samples of the shell that are run: what they have in them, and the programs that they call. */
const SHELL: { text: string; calls: string[]; during?: (running: Running) => Promise<void> }[] = [
  { text: "npx holdfast status --watch", calls: ["deploy.sh", "report.js"], during: watchAndReset },
  { text: "npx holdfast run deploy", calls: ["deploy.sh"] },
  { text: "holdfast run cron:report", calls: ["report.js"] },
  { text: "charge\n", calls: ["charge"] },
  { text: "--redis redis://a", calls: [] },
];
const shellSample = ({ language, code }: Block) =>
  language === "sh" ? SHELL.find((sample) => code.includes(sample.text)) : undefined;

const isRun = (block: Block) => block.language === "js" || shellSample(block) !== undefined;

test("every block that is no TypeScript is run, or listed with a reason and the tests that stand for it", () => {
  const found = others.filter((block) => isRun(block) === (listed(block) !== undefined));
  expect(found.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  for (const entry of LISTED) {
    expect(others.filter((block) => listed(block) === entry).length, entry.text).toBe(entry.count);
    for (const path of entry.by) expect(existsSync(join(root, path)), path).toBe(true);
  }
  for (const sample of SHELL) expect(others.filter((block) => shellSample(block) === sample)).toHaveLength(1);
});

test("a block begins and ends at the margin, where it is found", () => {
  for (const page of all) expect(page.text.match(/^.*```/gm)?.length ?? 0, page.path).toBe(blocksOf(page).length * 2);
});

test("every script of npm that a page names is there", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const named = others.flatMap(({ code }) => [...code.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
  expect(named).not.toEqual([]);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});

const servers: RedisServer[] = [];
const clients: RespClient[] = [];
let typed: Shell;
beforeAll(async () => {
  servers.push(...(await Promise.all([startRedis(), startRedis(), startRedis()])));
  clients.push(...servers.map(({ url }) => respClient(url)));
});
beforeEach(async () => {
  typed = shell();
  await Promise.all(clients.map((client) => client.send("FLUSHALL")));
});
afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** As at a terminal: the watch sees a lock that somebody holds, and is interrupted; then the lock is freed. */
async function watchAndReset({ pid, out, err, child, finished }: Running): Promise<void> {
  let over = false;
  void finished.then(() => {
    over = true;
  });
  const said = () => out() + err();
  const says = (words: string) =>
    until(async () => over || said().includes(words), `the shell did not say ${words}: ${said()}`, 45_000);
  await says("import:nightly");
  if (!over) process.kill(-pid, "SIGINT");
  await says("Free this lock? [y/N]");
  child.stdin?.end("y\n");
}

test.for(others.filter(shellSample))("$page:$line, in a shell", async (block) => {
  const { calls, during } = shellSample(block) as (typeof SHELL)[number];
  const [one] = servers as [RedisServer];
  try {
    if (during) await clients[0]?.send("SET", "lock:import:nightly", "somebody's", "PX", "600000");
    const lines = block.code.replace(/redis:\/\/([abc])\b/g, (_, letter) => servers["abc".indexOf(letter)]?.url ?? "");
    // A server of a quorum has to be older than the ttl.
    if (lines !== block.code) await Promise.all(clients.map(olderThan(6)));
    const running = typed.run(lines, { REDIS_URL: one.url });
    await during?.(running);
    running.child.stdin?.end();
    const { code, stderr } = await running.finished;
    expect(code, stderr).toBe(0);
    expect(typed.called()).toEqual(calls);
    for (const client of clients) expect(await held(client)).toEqual([]);
  } finally {
    rmSync(typed.folder, { recursive: true });
  }
});

const olderThan = (seconds: number) => (client: RespClient) =>
  until(async () => {
    const [, uptime] = /uptime_in_seconds:(\d+)/.exec(text(await client.send("INFO", "server"))) ?? [];
    return Number(uptime) > seconds;
  }, `the server was not older than ${seconds} s`);

/** The names that somebody holds; those that are kept by a `minHold` begin with a dot. */
async function held(client: RespClient): Promise<string[]> {
  const keys = ((await client.send("KEYS", "*")) as Buffer[]).map(String).filter((key) => !key.startsWith("fence."));
  const values = await Promise.all(keys.map((key) => client.send("GET", key)));
  return keys.filter((_, index) => !String(values[index]).startsWith("."));
}

test.for(others.filter(({ language }) => language === "js"))("$page:$line, as it was before", async ({ code }) => {
  const [{ url }] = servers as [RedisServer];
  const client = new Redis(url);
  const charged: boolean[] = [];
  const charge = async () => void charged.push(await client.exists("invoice:42").then(Boolean));
  const libraries = createRequire(join(root, "test/migrating/package.json"));
  const require = (name: string) => libraries(`${name}4`);
  try {
    const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => typeof sample;
    const sample = async (..._: unknown[]): Promise<void> => {};
    await new AsyncFunction("require", "client", "charge", code)(require, client, charge);
    expect(charged).toEqual([true]);
    expect(await client.exists("invoice:42")).toBe(0);
  } finally {
    client.disconnect();
  }
});
