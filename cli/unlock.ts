import { isLockError, type Lease } from "holdfast";
import { EXIT, type Exit, usage } from "./exits.ts";
import { ttlOf } from "./lock.ts";
import { shown } from "./say.ts";
import type { Common, Session } from "./session.ts";
import { inSession } from "./session.ts";

/** The lease that a key proves. `ttl` is what it may be extended by. */
async function leaseOf({ open }: Session, name: string, key: string | undefined, ttl?: string): Promise<Lease> {
  const token = key ?? process.env.HOLDFAST_TOKEN;
  if (!token) throw usage("which key? It is what lock has printed, or HOLDFAST_TOKEN.");
  if (!/^t[\w-]{22}:?( |$)/.test(token))
    throw usage("this is no key of a lock: it begins with t and has 23 characters.");
  return (await open({ ttl }, [name])).restore({ name, token });
}

export async function unlock(common: Common, name: string, key: string | undefined): Promise<Exit> {
  return inSession(common, async (session) => {
    const lease = await leaseOf(session, name, key);
    const unlocked = await lease.release();
    session.say.result("", { name, unlocked });
    session.say.note(unlocked ? `${shown(name)} is unlocked` : `${shown(name)} was not held by this key`);
    return { code: unlocked ? EXIT.done : EXIT.refused };
  });
}

export async function extend(common: Common, name: string, key: string | undefined, ms: string): Promise<Exit> {
  return inSession(common, async (session) => {
    const { say } = session;
    const lease = await leaseOf(session, name, key, ttlOf(ms));
    try {
      const expiresAt = await lease.extend();
      lease.handOver();
      say.result("", { name, extended: true, expiresAt });
      say.note(`${shown(name)} is locked until ${new Date(expiresAt).toISOString()}, or longer if it was`);
      return { code: EXIT.done };
    } catch (error) {
      if (!isLockError(error, "LOST")) throw error;
      say.result("", { name, extended: false, expiresAt: null });
      say.note(`${shown(name)} is not held by this key`);
      return { code: EXIT.refused };
    }
  });
}
