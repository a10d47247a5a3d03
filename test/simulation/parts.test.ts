import { describe, expect, test } from "vitest";
import { ClientClock } from "./clock.ts";
import { seedsOf } from "./pool.ts";
import { progressLine } from "./progress.ts";
import { randomOf } from "./random.ts";
import { Resource } from "./resource.ts";
import { Server } from "./server.ts";
import { Timeline } from "./timeline.ts";

const sane = { start: 100, offset: 0, rate: 1, late: 0, frozen: false };

function clockWith(traits: Partial<typeof sane>) {
  const timeline = new Timeline();
  const clock = new ClientClock(timeline, { ...sane, ...traits }, randomOf("test"));
  const { face } = clock;
  return { timeline, clock, face, mono: face.monotonic(), wall: face.now() };
}

describe("time", () => {
  test("what happens at the same moment happens in the order in which it was planned", async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    for (const [name, ms] of [
      ["d", 9],
      ["b", 5],
      ["a", 1],
      ["c", 5],
    ] as const) {
      timeline.after(ms, () => seen.push(`${name}${timeline.now}`));
    }
    await timeline.run(100);
    expect(seen).toEqual(["a1", "b5", "c5", "d9"]);
  });

  test("a world that never comes to rest is stopped", async () => {
    const timeline = new Timeline();
    const spin = () => void timeline.after(0, spin);
    spin();
    await expect(timeline.run(100)).rejects.toThrow("happenings");
  });

  test("a clock goes at its own rate, and its timers follow it", async () => {
    const { timeline, face, mono } = clockWith({ rate: 0.5 });
    let fired = 0;
    face.timer(100, () => {
      fired = timeline.now;
    });
    await timeline.run(1000);
    expect(fired).toBe(200);
    expect(face.monotonic() - mono).toBe(100);
  });

  test.each([
    ["both", 300, 300, 300],
    ["wall", 400, 300, 400],
    ["none", 400, 300, 300],
  ] as const)(
    "a pause that is seen by %s: a timer fires after it, on the monotonic clock",
    async (seenBy, at, mono, wall) => {
      const world = clockWith({});
      const { timeline, clock, face } = world;
      let fired: number[] = [];
      face.timer(300, () => {
        fired = [timeline.now, face.monotonic() - world.mono, face.now() - world.wall];
      });
      timeline.after(200, () => clock.pause(100, seenBy, () => {}));
      await timeline.run(1000);
      expect(fired).toEqual([at, mono, wall]);
    },
  );

  test("a clock that stands still without I/O goes on with it", async () => {
    const { timeline, clock, face, mono } = clockWith({ frozen: true });
    timeline.now = 500;
    expect(face.monotonic() - mono).toBe(0);
    clock.look();
    expect(face.monotonic() - mono).toBe(500);
  });

  test("nothing of a process that has ended runs", async () => {
    const { timeline, clock, face } = clockWith({});
    let ran = false;
    face.timer(10, () => {
      ran = true;
    });
    clock.dead = true;
    clock.whenAwake(() => {
      ran = true;
    });
    await timeline.run(100);
    expect(ran).toBe(false);
  });
});

describe("a server", () => {
  const set = ["SET", "lock:a", "tx", "NX", "PX", "1000"];
  const start = () => {
    const timeline = new Timeline();
    return { timeline, server: new Server(timeline, { offset: 0, rate: 1 }, true) };
  };

  test("keeps its keys over a restart, and knows no script after it", () => {
    const { server } = start();
    server.execute(set);
    server.restart(5, false);
    expect(server.down).toBe(true);
    expect(server.peek("lock:a")?.value).toBe("tx");
    expect(() => server.execute(["EVALSHA", "", "0"])).toThrow("ERR");
  });

  test("loses everything in a restart without data, the last writes in a failover", () => {
    const { timeline, server } = start();
    server.execute(set);
    timeline.now = 100;
    server.execute(["SET", "lock:b", "ty", "NX", "PX", "1000"]);
    server.failOver(50, 0);
    expect(server.keys()).toEqual(["lock:a"]);
    server.restart(0, true);
    expect(server.keys()).toEqual([]);
  });

  test("frees keys when its clock jumps forward", () => {
    const { server } = start();
    server.execute(set);
    server.jump(1002);
    expect(server.keys()).toEqual([]);
  });
});

describe("a resource", () => {
  test("that checks fences refuses a former holder from the moment a later one reads", () => {
    const resource = new Resource(true);
    expect(resource.read(1)).toBe(0);
    expect(resource.read(2)).toBe(0);
    expect(resource.write(1, 1)).toBe(false);
    expect(resource.write(2, 1)).toBe(true);
    expect([resource.value, resource.lost, resource.stale]).toEqual([1, 0, 0]);
  });

  test("that does not check them loses an update", () => {
    const resource = new Resource(false);
    resource.read(1);
    resource.read(2);
    expect(resource.write(2, 1)).toBe(true);
    expect(resource.write(1, 1)).toBe(true);
    expect([resource.value, resource.lost, resource.stale]).toEqual([1, 1, 1]);
  });
});

test("the processes share the seeds without a gap, pairs of neighbours together", () => {
  const range = { from: 3, to: 12, regime: undefined, stores: [1], of: 2 };
  const shares = [0, 1].map((at) => [...seedsOf({ ...range, at })]);
  expect(shares).toEqual([
    [3, 4, 7, 8, 11],
    [5, 6, 9, 10],
  ]);
});

test("progress says how far it is, how fast, and what is left", () => {
  expect(progressLine(250, 1000, 5, 1)).toBe(
    "███████░░░░░░░░░░░░░░░░░░░░░░░  25 %  250 of 1000 seeds, 50 a second, 15 s left, 1 failed",
  );
  expect(progressLine(0, 1000, 0, 0)).toContain("? left");
});
