// One contender in a process of its own. Its parent is at the other end of the IPC channel.
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Source } from "./connection.ts";
import { contend, type Pace } from "./contender.ts";
import type { DemoEvent } from "./events.ts";
import { inRedis } from "./resource.ts";

/** From the parent: what to do, then when to begin. */
export type Order =
  | { type: "prepare"; name: string; owner: string; pace: Pace; source: Source; key: string }
  | { type: "go" };

/** To the parent. */
export type Message = { type: "ready" } | { type: "event"; event: DemoEvent } | { type: "failed"; message: string };

/** Resolves when it is on its way; what was said before then is, too. */
const say = (message: Message) => new Promise((resolve) => process.send?.(message, resolve));
const go = new Promise<void>((resolve) => {
  process.on("message", (order: Order) => order.type === "go" && resolve());
});

async function play({ name, owner, pace, source, key }: Extract<Order, { type: "prepare" }>): Promise<void> {
  const { transport, lost, close } = await connect(source);
  say({ type: "ready" });
  await go;
  let said: Promise<unknown> | undefined;
  const report = (event: DemoEvent) => {
    said = say({ type: "event", event });
  };
  const resource = inRedis(transport, key);
  await Promise.race([contend({ name, owner, pace, transport, resource, report, sleep }), lost]);
  close();
  await said;
  process.disconnect();
}

process.on("message", (order: Order) => {
  if (order.type !== "prepare") return;
  play(order).catch(async (error: Error) => {
    await say({ type: "failed", message: error.message });
    process.disconnect();
  });
});

// Without its parent it has nobody to play for: also when it is the parent that was killed.
process.on("disconnect", () => process.exit());
