// One process of a crowd, started by crowd.ts: takes and gives back locks as it is told, and says when it did.
import { contenders } from "../contenders/all.ts";
import { type Opened, Unsupported } from "../contenders/contender.ts";
import type { Answer, Message, Order, Run } from "./orders.ts";
import { machineTime, type Take } from "./takes.ts";

const opened = new Map<string, Opened[]>();
let takes: Take[] = [];

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function waiter(own: Opened, index: number, { lock, apart, times, hold }: Run): Promise<void> {
  for (let turn = 0; turn < (times ?? Number.POSITIVE_INFINITY); turn++) {
    const asked = machineTime();
    const release = await own.take(lock, apart ? index : undefined);
    const granted = machineTime();
    await sleep(hold);
    takes.push([asked, granted, machineTime()]);
    await release();
  }
}

async function run(all: readonly Opened[], order: Run): Promise<Answer> {
  takes = [];
  await sleep(Math.max(0, order.at - machineTime()));
  const indexes = Array.from({ length: order.waiters }, (_, index) => index);
  await Promise.all(indexes.map((index) => waiter(all[index % all.length] as Opened, order.first + index, order)));
  return { takes };
}

async function obey(order: Order): Promise<Answer> {
  if (order.do === "report") return { takes };
  const key = `${order.over} ${order.name}`;
  if (order.do === "run") return run(opened.get(key) ?? [], order.run);
  const [contender] = contenders(order.over, [order.name]);
  const all: Opened[] = [];
  for (let index = 0; index < order.each; index++) all.push(await contender!.open(order.place));
  opened.set(key, all);
  return { takes: [] };
}

process.on("message", async ({ id, order }: Message) => {
  const answer = await obey(order).catch((error: Error) => ({
    error: error.message,
    unsupported: error instanceof Unsupported,
  }));
  process.send?.({ id, answer });
});
process.once("disconnect", () => process.exit());
