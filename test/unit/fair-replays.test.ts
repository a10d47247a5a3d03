import { describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import type { Lease } from "../../src/index.ts";
import { JOIN, PASS } from "../../src/queue-scripts.ts";
import { inOrder, line, WAYS } from "../support/line.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const token = (letter: string) => `t${letter.repeat(22)}`;
const KEYS = ["k", "fence.7t5:k", "queue.b0v5:k"];

/** The two scripts by themselves, on a server whose clock is the test's. */
function server() {
  const clock = virtualClock();
  const store = memory({ clock });
  const run = async (script: string, ...args: unknown[]) =>
    (await store.eval(script, KEYS, args.map(String))) as [string, number, string, string];
  return {
    clock,
    run,
    join: (letter: string, { stood = "", who = token(letter), life = 3000 as number | "" } = {}) =>
      run(JOIN, token(letter), 30_000, 3_600_000, who, life, stood),
    pass: (letter: string, who = token(letter)) => run(PASS, token(letter), 0, 3_600_000, who),
    value: () => store.entries().find(({ key }) => key === "k")?.value,
    left: () => store.entries().find(({ key }) => key === "k")?.pttl,
    places: () =>
      (JSON.parse(store.entries().find(({ key }) => key === KEYS[2])?.value ?? "[]") as [string, number][])
        .filter(([, score]) => score < 1e12)
        .map(([member]) => member.at(-1)),
  };
}

describe("a copy of a joining", () => {
  test("takes no second place", async () => {
    const { join, places } = server();
    await join("a");
    await join("b");
    await join("c");
    expect((await join("b"))[0]).toBe("next");
    expect((await join("c"))[1]).toBe(1);
    expect((await join("c", { stood: "1" }))[1]).toBe(1);
    expect(places()).toEqual(["b", "c"]);
  });

  test("answers the same grant, and does not prolong it", async () => {
    const { join, clock, left } = server();
    const [, , fence] = await join("a");
    clock.block(10_000);
    expect(await join("a")).toEqual(["granted", 20_000, fence, "="]);
    expect(await join("a", { stood: "1" })).toEqual(["granted", 20_000, fence, "="]);
    expect(left()).toBe(20_000);
  });

  test("confirms what was handed over, once, with the fence that was minted then", async () => {
    const { join, pass, clock, left, value } = server();
    const [, , before] = await join("a");
    await join("b");
    await pass("a");
    expect(value()).toBe(`?${token("b")}`);
    clock.block(1000);
    expect(left()).toBe(2000);
    const granted = await join("b", { stood: "1" });
    expect(granted.slice(0, 2)).toEqual(["granted", 30_000]);
    expect(Number(granted[2])).toBeGreaterThan(Number(before));
    clock.block(1000);
    expect(await join("b")).toEqual(["granted", 29_000, granted[2], "="]);
  });

  test("that comes after its token was given back, grants nothing and stands nowhere", async () => {
    for (const how of ["granted", "handed over", "in line", "never there"]) {
      const { join, pass, value, places } = server();
      if (how !== "granted") await join("z");
      if (how !== "never there") await join("a");
      if (how === "handed over") await pass("z");
      await pass("a");
      if (how === "in line" || how === "never there") await pass("z");
      expect(value(), how).toBe(undefined);
      for (const stood of ["", "1"]) expect((await join("a", { stood }))[0], how).toBe("spent");
      expect(value(), how).toBe(undefined);
      expect(places(), how).toEqual([]);
    }
  });

  test("that comes when its place has lapsed takes no other; a first one does, at the end", async () => {
    const { join, clock, places } = server();
    await join("a");
    await join("b");
    await join("c", { life: 20_000 });
    clock.block(3001);
    await join("d", { life: "" });
    // Still there, as nobody met it at the front: it is refreshed.
    expect((await join("b", { stood: "1" }))[0]).toBe("next");
    clock.block(27_001);
    expect((await join("d", { life: "" }))[0]).toBe("granted");
    expect(places()).toEqual([]);
    expect((await join("b", { stood: "1" }))[0]).toBe("spent");
    await join("e");
    await join("b");
    expect(places()).toEqual(["e", "b"]);
  });

  test("that is so late that eight later tokens have pushed its own out makes a place that lapses", async () => {
    const { join, pass, clock, value, places } = server();
    await join("a");
    await pass("a");
    for (const later of "bcdefghij") {
      await join(later);
      await pass(later);
    }
    await join("k");
    expect((await join("a"))[0]).toBe("next");
    await join("l", { life: 60_000 });
    await pass("k");
    expect(value()).toBe(`?${token("a")}`);
    clock.block(3001);
    expect((await join("l", { stood: "1" }))[0]).toBe("granted");
    expect(places()).toEqual([]);
  });
});

describe("a copy of a release", () => {
  test("takes nothing from whoever has the lock by then", async () => {
    const { join, pass, value } = server();
    await join("a");
    await join("b");
    await join("c");
    expect((await pass("a"))[0]).toBe("freed");
    expect((await pass("a"))[0]).toBe("gone");
    expect(value()).toBe(`?${token("b")}`);
    await join("b", { stood: "1" });
    expect((await pass("a"))[0]).toBe("gone");
    expect(value()).toBe(token("b"));
    await pass("b");
    await pass("b");
    await pass("a");
    expect(value()).toBe(`?${token("c")}`);
  });

  test("hands what was handed over to the next, and that once", async () => {
    const { join, pass, value, places } = server();
    for (const letter of "abcd") await join(letter);
    await pass("a");
    await pass("b");
    await pass("b");
    expect(value()).toBe(`?${token("c")}`);
    expect(places()).toEqual(["d"]);
  });

  test("tells the process that released which of its own was handed the lock", async () => {
    const { join, pass } = server();
    const who = "holdfast:one";
    await join("a", { who });
    await join("b", { who });
    await join("c", { who: "holdfast:two" });
    const [outcome, left, fence, id] = await pass("a", who);
    expect([outcome, left, id]).toEqual(["freed", -1, `=${token("b")}`]);
    expect(Number(fence)).toBeGreaterThan(0);
    expect(await pass("b", who)).toEqual(["freed", -1, "", "="]);
  });
});

describe("a place that a failover brought back, of a token that was given back since by another process,", () => {
  test("is passed over, and those of its process behind it are not", async () => {
    const { join, pass, value, places } = server();
    await join("a");
    await join("b", { who: "holdfast:B" });
    await join("c", { who: "holdfast:B" });
    expect((await pass("b", "holdfast:A"))[0]).toBe("unrecorded");
    expect(places()).toEqual(["b", "c"]);
    await pass("a");
    expect(value()).toBe(`?${token("c")}`);
    expect(places()).toEqual([]);
  });

  test("keeps nobody from a lock that is free", async () => {
    const { join, pass, clock } = server();
    await join("a");
    await join("b", { who: "holdfast:B", life: 40_000 });
    await pass("b", "holdfast:A");
    clock.block(30_001);
    expect((await join("c"))[0]).toBe("granted");
  });
});

test("who hands a free lock to another of its process is told so, in case the message is lost", async () => {
  const { join, clock } = server();
  const together = { who: "holdfast:B", life: 40_000 };
  await join("a");
  await join("b", together);
  clock.block(30_001);
  const [outcome, , fence, label] = await join("c", together);
  expect([outcome, label]).toEqual(["next", `=?${token("b")}`]);
  expect(await join("b", { ...together, stood: "1" })).toEqual(["granted", 30_000, fence, "="]);
});

test("what was not confirmed is told to whoever asks", async () => {
  const { join, pass } = server();
  for (const letter of "abc") await join(letter);
  await pass("a");
  const [outcome, , fence, handed] = await join("c", { stood: "1" });
  expect([outcome, handed]).toEqual(["next", `=?${token("b")}`]);
  expect((await join("b", { stood: "1" }))[2]).toBe(fence);
  expect((await join("c", { stood: "1" }))[3]).toBe("=");
});

describe.each(WAYS)("%s, where every request is executed twice and most of them again later", (way) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("one holds at a time, and nobody is forgotten (%i)", async (seed) => {
    const all = await line(way, { renew: true, ttl: "3s" });
    for (let skip = 0; skip < seed; skip++) all.clock.random();
    const processes = [all.process(), all.process(), all.process()];
    for (const { network } of processes) {
      const { eval: send } = network;
      network.eval = (script, keys, args) => {
        for (const scale of [10, 1000, 8000])
          if (all.clock.random() < 0.5)
            all.clock.timer(all.clock.random() * scale, () => void all.store.eval(script, keys, args)).unref();
        return send(script, keys, args);
      };
      network.treat = () => ({ twice: true, arrives: all.clock.random() * 30, answers: all.clock.random() * 30 });
    }
    const leases: Lease[] = [];
    let most = 0;
    const calls = Array.from({ length: 24 }, (_, index) => async () => {
      const { locks } = processes[index % 3] as (typeof processes)[0];
      await locks.request("x", { wait: "1h" }, async (lease) => {
        leases.push(lease);
        most = Math.max(most, leases.filter(({ held }) => held).length);
        await new Promise<void>((resolve) => all.clock.timer(all.clock.random() * 200, resolve));
      });
    });
    await all.clock.runUntilSettled(Promise.all(await inOrder(all.clock, calls)));
    expect(leases).toHaveLength(24);
    expect(most).toBe(1);
    const fences = leases.map(({ fence }) => fence);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    // The last copies are under way for so long.
    await all.clock.advance(8000);
    await all.nothingLeft();
    expect(all.clock.pending.referenced).toBe(0);
  });
});
