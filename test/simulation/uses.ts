import { isLockError } from "../../src/index.ts";
import { codeOf } from "./call.ts";
import type { Use } from "./plan.ts";
import type { Session } from "./session.ts";

/** What a program does with a lease, one thing after another; what is done aside may still go on when it is released. */
export async function useLease(session: Session, uses: readonly Use[]): Promise<void> {
  for (const use of uses) {
    session.look();
    if (use.do === "sleep") await session.client.sleep(use.ms);
    else if (use.do === "work") await work(session, use.ms);
    else if (use.do === "write") await write(session, use.ms);
    else if (use.do === "handOver") handOver(session);
    else if (use.do === "extend" || use.do === "verify") {
      const asked = use.do === "extend" ? extend(session, use.ttl) : verify(session);
      if (use.aside) session.aside.push(asked);
      else await asked;
    }
    if (session.holding.ended === "handed over") break;
  }
  session.look();
}

/** Nothing else runs meanwhile; a clock that stands still without I/O does not see the time pass. */
function work({ client, world }: Session, ms: number): Promise<void> {
  return new Promise((resolve) => {
    client.clock.look();
    client.clock.stale = true;
    client.clock.pause(ms, "both", () => {
      client.clock.stale = true;
      // Before any timer that came due meanwhile, as the line after the work would see it.
      world.witness.beliefs();
      resolve();
    });
  });
}

/** A read and a write of what the lock protects, with a trip before each, and some thinking in between. */
async function write(session: Session, ms: number): Promise<void> {
  const { world, client, holding, fenced } = session;
  if (client.clock.stale && !(await verify(session))) return;
  if (!session.look()) return;
  const { lease } = holding;
  const trip = () => world.trip(client);
  const { guarded, open } = world.resourcesOf(lease.name);
  await trip();
  const fence = fenced ? lease.fence : 0;
  const before = open.read(fence);
  const guardedBefore = fenced ? guarded.read(fence) : undefined;
  await client.sleep(ms);
  if (!session.look()) return;
  await trip();
  const { stale, lost } = open;
  open.write(fence, (before as number) + 1);
  if (fenced && open.stale > stale) world.witness.count("resource without fences: accepted a stale write");
  if (open.lost > lost) world.witness.count("resource without fences: lost an update");
  if (!fenced) return;
  const refused = guardedBefore === undefined || !guarded.write(fence, guardedBefore + 1);
  world.witness.count(
    refused ? "resource with fences: refused a stale request" : "resource with fences: accepted a write",
  );
  session.checkGuarded(guarded);
}

async function extend(session: Session, ttl: number | null): Promise<void> {
  const { world, holding, witness } = session;
  const { lease, token } = holding;
  await session.queued(`extend ${token.label}`, async () => {
    try {
      await (ttl === null ? lease.extend() : lease.extend(`${ttl}ms`));
      witness.count("extend: the lease was extended");
      if (!session.look()) witness.fail(10, `extend of ${token.label} resolved, and it is not held`);
      witness.beliefs();
    } catch (thrown) {
      const code = codeOf(world, `extend ${token.label}`, thrown, "LOST BACKEND CLOSED");
      witness.count(`extend: ${code}`);
      if (isLockError(thrown, "LOST")) session.checkLoss(thrown.reason);
    }
  });
}

async function verify(session: Session): Promise<boolean> {
  const { world, holding, witness } = session;
  const { lease, token } = holding;
  return session.queued(`verify ${token.label}`, async () => {
    try {
      const held = await lease.verify();
      witness.count(`verify: ${held}`);
      if (held && !session.look()) witness.fail(10, `verify of ${token.label} is true, and it is not held`);
      witness.beliefs();
      return held;
    } catch (thrown) {
      witness.count(`verify: ${codeOf(world, `verify ${token.label}`, thrown, "BACKEND CLOSED")}`);
      return false;
    }
  });
}

function handOver(session: Session): void {
  const { world, holding, client, witness, fenced } = session;
  try {
    const serialized = holding.lease.handOver();
    holding.ended ??= "handed over";
    witness.count("lease: handed over");
    world.history.add(() => `c${client.id} hands over ${holding.token.label}`);
    world.handedOver.push({ serialized, fenced });
  } catch (thrown) {
    codeOf(world, `handOver ${holding.token.label}`, thrown, "LOST CLOSED");
  }
}
