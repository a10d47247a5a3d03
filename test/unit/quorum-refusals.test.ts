import { describe, expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Transport } from "../../src/index.ts";
import { type QuorumOptions, quorum } from "../../src/quorum.ts";
import { rejection } from "../support/bench.ts";
import { quorumBench } from "../support/quorum-bench.ts";

const one = memory();
const three = [one, memory(), memory()];
const nodeRedis = { sendCommand: () => {}, set: () => {}, eval: () => {} };

test.each<[string, unknown, unknown, RegExp]>([
  ["no list", one, undefined, /list of stores is an object: expected one transport or more/],
  ["an empty list", [], undefined, /list of stores is an object: expected one transport or more/],
  ["a raw client", [one, nodeRedis], undefined, /holdfast\/node-redis/],
  ["what is no transport", [one, {}], undefined, /no transport/],
  ["a quorum of quorums", [one, quorum(three)], undefined, /no transport/],
  ["one store twice", [one, memory(), one], undefined, /twice/],
  ["a minority of three", three, { quorum: 1 }, /quorum is 1: expected a whole number from 2, the majority of 3, to 3/],
  ["half of four", [...three, memory()], { quorum: 2 }, /from 3, the majority of 4, to 4/],
  ["more than there are", three, { quorum: 4 }, /quorum is 4/],
  ["a part of a store", three, { quorum: 2.5 }, /quorum is 2.5/],
  ["a quorum in words", three, { quorum: "2" }, /quorum is "2"/],
  ["no time for an answer", three, { timeout: 0 }, /timeout is 0/],
  ["a time that is none", three, { timeout: "soon" }, /timeout is "soon"/],
  ["a longest ttl below 0", three, { maxTtl: -1 }, /maxTtl is -1/],
  ["an option that is not there", three, { retries: 3 }, /"retries": expected one of quorum, timeout, maxTtl/],
  ["options that are none", three, 2, /options is 2: expected an object/],
])("quorum() refuses %s", (_, stores, options, message) => {
  const make = () => quorum(stores as Transport[], options as QuorumOptions);
  expect(make).toThrow(expect.objectContaining({ code: "OPTIONS", message: expect.stringMatching(message) }));
});

test("takes every quorum from the majority up, and tells it", () => {
  expect(quorum(three)).toMatchObject({ size: 3, majority: 2 });
  expect(quorum(three, { quorum: 3, timeout: "50ms", maxTtl: undefined })).toMatchObject({ size: 3, majority: 3 });
  expect(quorum([...three, memory()])).toMatchObject({ size: 4, majority: 3 });
});

describe("what a quorum cannot do is refused with the reason, before anything is sent", () => {
  test("fair", async () => {
    const all = quorumBench();
    const error = await rejection(all.locks.acquire("x", { fair: true } as object));
    expect(error).toMatchObject({ code: "OPTIONS" });
    expect(error).toMatchObject({ message: expect.stringMatching(/^fair: .* no line that a majority agrees on/) });
    expect(all.wires.flatMap(({ calls }) => calls)).toEqual([]);
  });

  test.each([
    ["of acquire", { ttl: "11s" }],
    ["as a number", { ttl: 11_000 }],
    ["by minHold, which lengthens it", { minHold: "11s" }],
  ])("a ttl above maxTtl: %s", async (_, options) => {
    const all = quorumBench({ ttl: "10s", over: { maxTtl: "10s" } });
    const error = await rejection(all.locks.acquire("x", options));
    expect(error).toMatchObject({
      code: "OPTIONS",
      message: expect.stringMatching(/^ttl is 11000: .*maxTtl.*10000 ms/),
    });
    expect(all.wires.flatMap(({ calls }) => calls)).toEqual([]);
    expect(() => all.locks.restore({ name: "x", token: `t${"a".repeat(22)}`, ttl: 11_000 })).toThrow(/maxTtl/);
  });

  test("an extend above it, which leaves the lease as it is", async () => {
    const all = quorumBench({ ttl: "10s", over: { maxTtl: "10s" } });
    const lease = await all.locks.acquire("x");
    await expect(lease.extend("11s")).rejects.toMatchObject({ code: "OPTIONS" });
    expect(lease.held).toBe(true);
    await lease.extend("10s");
  });

  test("no ttl is too long where nothing was declared, or nothing is forgotten", async () => {
    for (const over of [{}, { maxTtl: 0 }]) {
      const all = quorumBench({ over });
      await (await all.locks.acquire("x", { ttl: "24h" })).release();
    }
  });
});

test("one quorum may be opened by several locks, and what one closes the other keeps", async () => {
  const shared = quorum(three);
  const [first, second] = [createLocks(shared), createLocks(shared)];
  const lease = await first.acquire("x");
  expect(await second.tryAcquire("x")).toBe(null);
  await first.close();
  expect(lease.held).toBe(false);
  expect(await second.tryAcquire("x")).not.toBe(null);
  await second.close();
});
