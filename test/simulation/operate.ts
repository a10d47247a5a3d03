import { call, codeOf } from "./call.ts";
import type { Client } from "./client.ts";
import type { Close, Operate } from "./plan.ts";
import type { World } from "./world.ts";

/** What operators do, and the end of a client. */
export async function operate(world: World, client: Client, task: Operate | Close): Promise<void> {
  if (task.do === "close") return close(world, client, task.grace);
  const { locks, plan } = client;
  const { name } = task;
  const what = `${task.do} ${name} by c${client.id}`;
  // Taking over and releasing are asked for one after another, and a take-over reads before it writes.
  const commands = { query: 1, force: 5, list: 2 + world.servers.length + world.plan.names.length }[task.do];
  try {
    await call(world, client, what, commands * plan.commandTimeout, async () => {
      if (task.do === "force") await (task.fair ? locks.withOptions({ fair: true }) : locks).forceRelease(name);
      else if (task.do === "query") await locks.query(name);
      else
        for await (const snapshot of locks.list())
          if (!snapshot.remaining) world.witness.fail(10, "list() shows a free lock");
    });
    world.witness.count(`${task.do}: answered`);
  } catch (thrown) {
    codeOf(world, what, thrown, task.do === "force" ? "TIMEOUT BACKEND CLOSED" : "BACKEND CLOSED");
  }
}

async function close(world: World, client: Client, grace: number): Promise<void> {
  const { witness } = world;
  const mine = [...witness.holdings].filter((holding) => holding.client === client);
  if (mine.some((holding) => !holding.ended && holding.lease.held)) witness.count("close: with leases held");
  const again = client.closed;
  client.closed = true;
  // Who closes again waits for what was begun.
  client.grace = Math.max(client.grace, grace);
  await call(world, client, `close c${client.id}`, client.grace + 6 * client.plan.commandTimeout, () =>
    client.locks.close({ grace }),
  );
  client.closedAt = Math.min(client.closedAt, world.timeline.now);
  const open = [...world.calls].filter((each) => each.client === client);
  for (const { what } of open)
    if (/^(acquire|try|request|ifAvailable) /.test(what)) witness.fail(11, `${what} goes on after close()`);
  // What the last answer settles beside close may take some promises more.
  for (let hop = 0; hop < 16; hop++) await undefined;
  const { pending } = client.clock;
  // A release that a program asks for after that may leave one to tell a server of a quorum that did not answer.
  if (!open.length && pending && !(again && witness.election))
    witness.fail(9, `${pending} timers are left after close() of c${client.id}`);
  for (const { lease, token } of mine) if (lease.held) witness.fail(9, `${token.label} is held after close()`);
}
