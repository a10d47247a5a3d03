import { describe, expect, test } from "vitest";
import { command } from "../../adapters/command.ts";
import { memory } from "../../adapters/memory.ts";
import { MemoryData } from "../../adapters/support/memory-data.ts";
import type { Transport, Wakeups } from "../../src/index.ts";
import { faulty } from "../../src/testing.ts";

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

describe("memory", () => {
  test("a message reaches those who listen, a moment later, and is counted", async () => {
    const data = new MemoryData(Date.now);
    const heard: string[] = [];
    expect(data.publish("a", "to nobody")).toBe(0);
    const stops = ["one", "two"].map((name) => data.listen("a", (message) => heard.push(`${name} ${message}`)));
    expect(data.publish("a", "1")).toBe(2);
    expect(data.publish("b", "2")).toBe(0);
    expect(heard).toEqual([]);
    await settled();
    expect(heard).toEqual(["one 1", "two 1"]);

    expect(data.publish("a", "3")).toBe(2);
    stops[0]?.();
    stops[0]?.();
    await settled();
    expect(heard).toEqual(["one 1", "two 1", "two 3"]);
    stops[1]?.();
    expect(data.publish("a", "4")).toBe(0);
  });

  test("two stores know nothing of each other, and a look at what is stored shows no listener", async () => {
    const store = memory();
    const stop = await store.wakeups?.listen("a", () => expect.unreachable());
    expect(store.entries()).toEqual([]);
    stop?.();
  });
});

test("command() hands on a listen of the caller's, and without has none", async () => {
  const send = async () => "OK";
  const listen: Wakeups["listen"] = async () => () => {};
  expect(command(send).wakeups).toBeUndefined();
  expect(command(send, { listen }).wakeups?.listen).toBe(listen);
});

describe("faulty()", () => {
  function stage() {
    const data = new MemoryData(Date.now);
    const wakeups: Wakeups = { listen: async (channel, onMessage) => data.listen(channel, onMessage) };
    const transport: Transport = { set: async () => "OK", eval: async () => null, wakeups };
    const network = faulty(transport);
    const heard: string[] = [];
    return {
      network,
      heard,
      data,
      listen: () => (network.wakeups as Wakeups).listen("a", (message) => void heard.push(message)),
      async publish(message: string) {
        data.publish("a", message);
        await settled();
      },
    };
  }

  test("messages pass, and without wakeups behind it there are none", async () => {
    const { listen, publish, heard } = stage();
    const stop = await listen();
    await publish("1");
    stop();
    await publish("2");
    expect(heard).toEqual(["1"]);
    expect(faulty({ set: async () => "OK", eval: async () => null }).wakeups).toBeUndefined();
  });

  test("lose: the message never arrives; delay: it arrives at clear(), unless nobody listens any more", async () => {
    const { network, listen, publish, heard } = stage();
    const stop = await listen();
    network.next("lose", { on: "message" });
    network.next("delay");
    for (const message of ["lost", "late", "in time"]) await publish(message);
    expect(heard).toEqual(["in time"]);
    network.clear();
    expect(heard).toEqual(["in time", "late"]);

    network.next("delay", { times: Infinity });
    await publish("too late");
    stop();
    network.clear();
    expect(heard).toEqual(["in time", "late"]);
  });

  test("listen fails, hangs or loses its reply, and leaves no listener; other requests do not meet that, nor the reverse", async () => {
    const { network, listen, data } = stage();
    network.next("fail");
    (await listen())();
    await expect(network.eval("", [], [])).rejects.toThrow("connection refused");

    network.next("fail", { on: "listen" });
    expect(await network.eval("", [], [])).toBeNull();
    await expect(listen()).rejects.toThrow("connection refused");
    network.next("loseReply", { on: "listen" });
    await expect(listen()).rejects.toThrow("connection lost before the reply");
    network.next("hang", { on: "listen" });
    expect(await Promise.race([listen(), settled()])).toBeUndefined();
    expect(data.publish("a", "anybody?")).toBe(0);
  });

  test.each([
    ["fail", { on: "message" }],
    ["lose", { on: "acquire" }],
    ["delay", { on: "listen" }],
  ] as const)("%s with %j is refused", (fault, options) => {
    expect(() => stage().network.next(fault, options)).toThrow("lose and delay are for messages");
  });
});
