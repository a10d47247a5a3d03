import type { Lease } from "holdfast";
import { bySignal, EXIT, type Exit, Stop } from "./exits.ts";
import { giveBack } from "./give-back.ts";
import { jsonOf, shown } from "./say.ts";
import type { Common } from "./session.ts";
import { duration, inSession } from "./session.ts";
import { Interrupted, interruption } from "./signals.ts";

/** The options of `lock`, as they are given. */
export interface LockOptions {
  wait: string;
  owner?: string;
  fence: boolean;
}

/** A ttl as redlock-py has it: digits alone are milliseconds, also below a second. */
export function ttlOf(text: string): string {
  return /^\d+$/.test(text) ? `${text}ms` : text;
}

export async function lock(common: Common, name: string, ms: string, options: LockOptions): Promise<Exit> {
  return inSession(common, async ({ say, open, timeout, leave }) => {
    const { owner, fence } = options;
    const locks = await open({ ttl: ttlOf(ms), wait: duration(options.wait), owner, fence }, [name]);
    const interrupted = interruption();
    let lease: Lease | undefined;
    try {
      lease = await locks.acquire(name, { signal: interrupted.signal });
      interrupted.signal.throwIfAborted();
      await handOut(lease, say.json, fence);
      say.note(`${shown(name)} is locked until ${new Date(lease.expiresAt).toISOString()}`);
      lease.handOver();
      return { code: EXIT.done };
    } catch (error) {
      // Whoever does not get the key cannot give the lock back.
      const given = !lease || (await giveBack(lease, timeout)) !== undefined;
      if (!given) leave(name);
      if (error instanceof Interrupted) return bySignal(error.signal);
      if (error instanceof Unread) throw new Stop(given ? EXIT.refused : EXIT.unreachable, error.message);
      throw error;
    } finally {
      interrupted.ignore();
    }
  });
}

class Unread extends Error {}

/** Prints the key. Rejects when nobody reads it. */
function handOut(lease: Lease, json: boolean, fence: boolean): Promise<void> {
  const { name, token, expiresAt } = lease;
  const text = json ? jsonOf({ name, key: token, fence: fence ? lease.fence : undefined, expiresAt }) : token;
  return new Promise((resolve, reject) => {
    const unread = (error: Error) => reject(new Unread(`nobody reads the key (${error.message})`));
    process.stdout.once("error", unread);
    process.stdout.write(`${text}\n`, (error) => (error ? unread(error) : resolve()));
  });
}
