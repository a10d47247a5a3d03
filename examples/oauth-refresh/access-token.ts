import { createLocks, isLockError } from "holdfast";
import { ioredis } from "holdfast/ioredis";
import type { Redis } from "ioredis";
import { refresh } from "./provider.ts";
import { isFresh, readTokens, writeTokens } from "./tokens.ts";

/** The access token that all instances share; refreshed by one of them when it is about to expire. */
export function sharedAccessToken(redis: Redis, provider: string): () => Promise<string> {
  const locks = createLocks(ioredis(redis), { ttl: process.env.LOCK_TTL ?? "30s", wait: "30s" });

  async function current(): Promise<string> {
    const tokens = await readTokens(redis, provider);
    if (!isFresh(tokens)) throw new Error("The refreshed token was lost to another instance: ask again.");
    return tokens.access;
  }

  return async () => {
    const tokens = await readTokens(redis, provider);
    if (isFresh(tokens)) return tokens.access;
    try {
      return await locks.request(`oauth:${provider}`, async (lease) => {
        // Who waited for the lock finds here what its last holder wrote, and must not refresh again.
        const latest = await readTokens(redis, provider);
        if (isFresh(latest)) return latest.access;
        lease.signal.throwIfAborted();
        const issued = await refresh(latest.refresh);
        const written = await writeTokens(redis, provider, issued, lease.fence);
        return written ? issued.access : await current();
      });
    } catch (error) {
      // This instance was too slow, and another went on: what that one wrote counts.
      if (isLockError(error, "LOST")) return await current();
      throw error;
    }
  };
}
