import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contenders } from "../../bench/contenders/all.ts";
import { Unsupported } from "../../bench/contenders/contender.ts";
import { PLAIN, WOKEN } from "../../bench/contenders/holdfast.ts";
import { sectionOf } from "../../bench/crowd/contest.ts";
import { type Crowd, startCrowd } from "../../bench/crowd/crowd.ts";
import { fieldOf } from "../../bench/crowd/field.ts";
import type { Played } from "../../bench/support/interleave.ts";
import { countRequests } from "../../bench/support/requests.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { respClient } from "../support/resp.ts";

const passage = { acquisitions: 2, hold: 5, gap: 1, median: 100, longest: 110, unfairness: 1.1, overlaps: 0 };
const always = (stretch: number, more: object = {}): Played => ({
  rounds: [1, 2, 3].map(() => ({ ...passage, stretch, ...more })),
  failures: 0,
});

describe("a section of those who want one lock", () => {
  const [plain, woken] = contenders("TCP", [PLAIN, WOKEN]);
  const [redlock] = contenders("TCP", ["redlock"]);
  const section = sectionOf(
    {
      title: "4 × 5",
      notes: ["5 ms"],
      contenders: [plain!, woken!, redlock!],
      judge: (figure) => [
        { what: "total", limit: 1.12, measured: figure(PLAIN, "stretch") },
        { what: "requests", limit: 3, measured: figure(PLAIN, "requests") },
        { what: "woken", limit: 1, measured: figure(WOKEN, "stretch") },
      ],
    },
    new Map([
      [PLAIN, always(1.1)],
      ["redlock", always(1.5, { overlaps: 2 })],
    ]),
    new Map([[PLAIN, [2, 4]]]),
    new Map([[WOKEN, "not in this build"]]),
  );

  test("has a row for each, also for who cannot take part", () => {
    expect(section.rows).toEqual([
      [PLAIN, "1.10", "1.10 to 1.10", "3.00", "100", "110", "1.10", "1.00"],
      [WOKEN, "not supported"],
      ["redlock", "1.50", "1.50 to 1.50", "-", "100", "110", "1.10", "1.00"],
    ]);
    expect(section.notes).toContain(`${WOKEN}: not supported: not in this build`);
  });

  test("judges by medians, and has no figure where none was measured", () => {
    expect(section.targets.map(({ measured }) => measured)).toEqual([1.1, 3, Number.NaN]);
  });

  test("says who let two in", () => {
    expect(section.notes).toContain("redlock: TWO HELD THE LOCK AT ONCE in 3 rounds");
  });
});

describe("a crowd", () => {
  let redis: RedisServer;
  let crowd: Crowd;
  beforeAll(async () => {
    [redis, crowd] = await Promise.all([startRedis(), startCrowd(2)]);
  }, 60_000);
  afterAll(async () => {
    await crowd?.close();
    await redis?.stop();
  });

  test("takes the lock as often as it is told, one after another, in processes of its own", async () => {
    const [plain] = contenders("TCP", [PLAIN]);
    await crowd.open(plain!, { port: redis.port });
    const run = { lock: "crowd", waiters: 3, times: 2, hold: 1, apart: false };
    const takes = (await crowd.run(plain!, run)).sort(([, a], [, b]) => a - b);
    expect(takes).toHaveLength(6);
    for (const [index, [asked, granted, over]] of takes.entries()) {
      expect(granted).toBeGreaterThanOrEqual(asked);
      expect(over).toBeGreaterThanOrEqual(granted);
      if (index) expect(granted).toBeGreaterThanOrEqual(takes[index - 1]![2]);
    }
    expect(await crowd.report()).toHaveLength(6);
  });

  test("that has died is an error, and not a wait", async () => {
    const dead = await startCrowd(1);
    const [plain] = contenders("TCP", [PLAIN]);
    await dead.open(plain!, { port: redis.port });
    const waiting = dead.run(plain!, { lock: "dead", waiters: 1, hold: 60_000, apart: false });
    const ended = expect(waiting).rejects.toThrow("a process of the crowd ended");
    await dead.close();
    await ended;
  });
});

test("who cannot take part is left out with the reason; any other error is one", async () => {
  const three = contenders("TCP", [PLAIN, WOKEN]);
  const field = await fieldOf({ peers: false }, three, async (contender) => {
    if (contender.name === WOKEN) throw new Unsupported("not yet");
    return contender.name;
  });
  expect(field).toEqual({ ready: [PLAIN], absent: new Map([[WOKEN, "not yet"]]) });
  const broken = fieldOf({ peers: false }, three, () => Promise.reject(new Error("no Redis")));
  await expect(broken).rejects.toThrow("no Redis");
});

test("requests are what clients send, without what scripts call", async () => {
  const redis = await startRedis();
  const client = respClient(redis.url);
  try {
    const work = async () => {
      await client.send("SET", "a", "1\r\n+2");
      await client.send("EVAL", "redis.call('SET', KEYS[1], 1) return redis.call('GET', KEYS[1])", "1", "b");
      await client.send("PING");
    };
    expect(await countRequests([redis.port], work)).toEqual({ sent: 2, executed: 4 });
  } finally {
    client.close();
    await redis.stop();
  }
});
