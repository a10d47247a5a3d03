// What a lock costs a Redis in CPU time, beside the least that a lock can be: `node test/docs/capacity.ts`.
import { createLocks } from "../../src/index.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient, text } from "../support/resp.ts";
import { tcpClient } from "../support/tcp-clients.ts";

const ROUNDS = 5;
const LOCKS = 10_000;
const AT_ONCE = 64;
const COMPARE_AND_DELETE =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

const server = await startRedis();
const redis = respClient(server.url);
const { transport, close } = await tcpClient("ioredis", server.url);
const fenced = createLocks(transport);
const unfenced = createLocks(transport, { fence: false });
const nothing = () => {};

const contestants: Record<string, (name: string) => Promise<unknown>> = {
  async "`SET NX PX`, compare and delete"(name) {
    await transport.set(name, "value", { nx: true, px: 30_000 });
    await transport.eval(COMPARE_AND_DELETE, [name], ["value"]);
  },
  "`request`, `fence: false`": (name) => unfenced.request(name, nothing),
  "`request`": (name) => fenced.request(name, nothing),
  "`query`": (name) => fenced.query(name),
};

/** Seconds of CPU time that the server has used so far. */
async function used(): Promise<number> {
  const info = text(await redis.send("INFO", "cpu"));
  return [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].reduce((sum, [, each]) => sum + Number(each), 0);
}

const taken: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [what, once] of Object.entries(contestants)) {
    const before = await used();
    for (let done = 0; done < LOCKS; done += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => once(`name ${index}`)));
    taken[what] = [...(taken[what] ?? []), (((await used()) - before) * 1e6) / LOCKS];
  }
}

const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const [least = [1]] = Object.values(taken);
console.log("| | CPU of Redis, µs | of the least |\n|---|---|---|");
for (const [what, each] of Object.entries(taken))
  console.log(`| ${what} | ${middle(each).toFixed(0)} | ${(middle(each) / middle(least)).toFixed(1)} |`);

close();
redis.close();
await server.stop();
