import { getEventListeners } from "node:events";
import type { Lease } from "../../src/index.ts";
import { isLockError } from "../../src/index.ts";
import { call, codeOf } from "./call.ts";
import type { Client } from "./client.ts";
import { operate } from "./operate.ts";
import type { Restore, Take, Task } from "./plan.ts";
import { Session } from "./session.ts";
import { useLease } from "./uses.ts";
import type { World } from "./world.ts";

/** Runs a row of tasks, as a program would. */
export async function runProgram(world: World, client: Client, tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    await client.sleep(task.after);
    if (task.do === "restore") await restore(world, client, task);
    else if ("uses" in task) await take(world, client, task);
    else await operate(world, client, task);
  }
}

function optionsOf(task: Take, owner: string, signal: AbortSignal | undefined) {
  const { ttl, minHold, maxHold, fence, fair, renew } = task;
  const wait = task.wait ?? Number.POSITIVE_INFINITY;
  const maxAttempts = task.maxAttempts ?? Number.POSITIVE_INFINITY;
  return { ttl: `${ttl}ms`, wait, minHold, maxHold, fence, fair, renew, maxAttempts, owner, signal };
}

/** How long a wait may take: `wait`, or one command. */
function waitLimit(client: Client, { do: how, wait, ttl, minHold }: Take): number {
  const command = Math.min(client.plan.commandTimeout, Math.max(ttl, minHold));
  const single = how === "try" || how === "ifAvailable";
  return single ? command : wait === null ? Number.POSITIVE_INFINITY : wait || command;
}

async function take(world: World, client: Client, task: Take): Promise<void> {
  const { witness } = world;
  const { locks } = client;
  const label = client.label();
  const what = `${task.do} ${label} ${task.name}`;
  const abort = task.abortAfter === null ? undefined : new AbortController();
  const reason = new Error("the caller's own reason");
  if (abort) void client.sleep(task.abortAfter ?? 0).then(() => abort.abort(reason));
  const options = optionsOf(task, label, abort?.signal);
  const limit = waitLimit(client, task);
  const contends = { lock: `lock:${task.name}`, fair: !!task.fair, ttl: Math.max(task.ttl, task.minHold) };
  witness.lines.waitBegins(label, client, contends);
  const end = () => {
    witness.checkSleep(client, label);
    witness.lines.waitEnds(label);
    witness.election?.callEnds(label);
    const asks = Math.max(...world.servers.map((_, store) => witness.asks.get(`${label} ${store}`) ?? 0));
    const budget = task.maxAttempts ?? Number.POSITIVE_INFINITY;
    if (asks > budget) witness.fail(11, `${what} sent ${asks} requests, its budget is ${budget}`);
    if (abort && getEventListeners(abort.signal, "abort").length) witness.fail(9, `${what} left a listener`);
  };
  try {
    if (task.do === "request" || task.do === "ifAvailable") {
      await request(world, client, task, { label, what, limit, options, end, reason });
      return;
    }
    const lease = await call(world, client, what, limit, () =>
      task.do === "try" ? locks.tryAcquire(task.name, options) : locks.acquire(task.name, options),
    );
    end();
    const session = granted(world, client, task, label, lease);
    if (!session) return;
    await useLease(session, task.uses);
    if (task.end === "release" || task.end === "dispose") await session.release(task.end);
    await Promise.all(session.aside);
  } catch (thrown) {
    end();
    refused(world, client, what, label, thrown, reason);
  }
}

/** A lease is a grant that Redis gave; `null` says that Redis named another holder. */
function granted(world: World, client: Client, task: Take, label: string, lease: Lease | null): Session | undefined {
  const { witness } = world;
  if (!lease) {
    witness.count("call: busy");
    if (!witness.busy.has(label)) witness.fail(10, `${label} is told that another holds it, which Redis never said`);
    return undefined;
  }
  witness.count("call: granted");
  const holding = witness.hold(client, lease, {
    ttl: Math.max(task.ttl, task.minHold),
    minHold: task.minHold,
    fence: task.fence,
  });
  const { token } = holding;
  if (token.grantedAt === undefined) witness.fail(10, `${label} has a lease that no server granted`);
  if (token.releaseSent) witness.fail(7, `${label} has a lease of a token whose release was sent before`);
  if (!witness.look(holding)) witness.fail(10, `${label} has a lease that is not held`);
  void lease.signal;
  witness.beliefs();
  return new Session(world, client, holding, task);
}

function refused(world: World, client: Client, what: string, label: string, thrown: unknown, reason: Error): void {
  const { witness } = world;
  const code = codeOf(world, what, thrown, "TIMEOUT BACKEND CLOSED", reason);
  witness.count(`call: ${code === "known" ? "aborted" : code}`);
  if (code === "BACKEND" && world.away) witness.count("more servers away than tolerated: no lock");
  if (code === "TIMEOUT" && !witness.busy.has(label)) witness.fail(10, `${what} timed out, and Redis never said busy`);
  if (code === "CLOSED" && !client.closed) witness.fail(10, `${what} is told that the locks were closed`);
}

interface Asked {
  label: string;
  what: string;
  limit: number;
  options: ReturnType<typeof optionsOf>;
  end: () => void;
  reason: Error;
}

async function request(world: World, client: Client, task: Take, asked: Asked): Promise<void> {
  const { witness } = world;
  const { label, what, options, end } = asked;
  const own = new Error("the callback's own error");
  let session: Session | undefined;
  let heldInTheEnd = false;
  let finished = () => {};
  const waiting = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const entered = call(world, client, what, asked.limit, () => waiting);
  let left: Promise<void> | undefined;
  let leave = () => {};
  const callback = async (lease: Lease | null): Promise<string> => {
    finished();
    end();
    session = granted(world, client, task, label, lease);
    if (!session) return "nothing";
    await useLease(session, task.uses);
    const { holding } = session;
    const limit = session.releaseLimit();
    heldInTheEnd = session.look();
    holding.ended ??= "released";
    left = call(
      world,
      client,
      `release after ${what}`,
      limit,
      () =>
        new Promise((resolve) => {
          leave = resolve;
        }),
    );
    if (task.end === "throw") throw own;
    return "done";
  };
  try {
    const options_ = { ...options, ifAvailable: task.do === "ifAvailable" };
    const result = await client.locks.request(task.name, options_, callback);
    witness.count(`request: ${result}`);
    const handed = session?.holding.ended === "handed over";
    if (session && !heldInTheEnd && !handed)
      witness.fail(10, `${what} resolves, and the lease was lost before its end`);
  } catch (thrown) {
    if (!session) throw thrown;
    const code = codeOf(world, what, thrown, "LOST", own);
    if (code === "known") witness.count("request: threw its own error");
    if (!isLockError(thrown, "LOST")) return;
    witness.count("request: LOST with its result");
    if (thrown.result !== "done") witness.fail(10, `${what} loses what its callback returned`);
    const { token, lease } = session.holding;
    // Found gone after the deadline: whether that was before the callback's end, no clock that may stand still tells.
    const late = thrown.reason === "expired" && lease.expiresAt <= client.clock.now();
    if (heldInTheEnd && !token.evicted && !token.shared && !late && !world.forgets)
      witness.failIfKept(10, `${what} is lost as ${thrown.reason}, and it was held in the end`);
    session.checkLoss(thrown.reason);
  } finally {
    finished();
    leave();
    await Promise.all([entered, left, ...(session?.aside ?? [])]);
  }
}

async function restore(world: World, client: Client, task: Restore): Promise<void> {
  const { witness } = world;
  // Others may yet hand one over.
  for (let looks = 0; looks < 8 && !world.handedOver.length; looks++) await client.sleep(world.longest / 4);
  const given = world.handedOver.shift();
  if (!given) return;
  const { serialized, fenced } = given;
  const token = witness.factsOf(serialized.token, client, `lock:${serialized.name}`);
  if (task.again) {
    world.handedOver.push(given);
    token.shared = true;
    world.shared = true;
  }
  const maxHold = 20_000;
  try {
    const lease = client.locks.restore(serialized, { renew: task.renew, fence: fenced, maxHold });
    witness.count("lease: restored");
    if (lease.held) witness.fail(10, `${token.label} is held before it was verified`);
    void lease.signal;
    const ttl = serialized.ttl ?? world.longest;
    const session = new Session(world, client, witness.hold(client, lease, { ttl, minHold: 0, fence: fenced }), {
      fence: fenced,
      maxHold,
    });
    await useLease(session, [{ do: "verify", aside: false }, ...task.uses]);
    if (task.end === "release" || task.end === "dispose") await session.release(task.end);
    await Promise.all(session.aside);
  } catch (thrown) {
    codeOf(world, `restore ${token.label}`, thrown, "CLOSED");
  }
}
