import type { Redis } from "ioredis";

export interface Tokens {
  access: string;
  refresh: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** Refreshed so long before it expires, in milliseconds, that no request is under way with an expired token. */
const EARLY = 30_000;

/** The comparison and the write are one step: a holder that was paused past its ttl cannot overwrite a newer token. */
const WRITE = `
if tonumber(redis.call('HGET', KEYS[1], 'fence') or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'access', ARGV[2], 'refresh', ARGV[3], 'expiresAt', ARGV[4])
return 1`;

const keyOf = (provider: string) => `tokens:${provider}`;

export const isFresh = ({ expiresAt }: Tokens): boolean => expiresAt - EARLY > Date.now();

export async function readTokens(redis: Redis, provider: string): Promise<Tokens> {
  const [access, refresh, expiresAt] = await redis.hmget(keyOf(provider), "access", "refresh", "expiresAt");
  if (!refresh) throw new Error(`There is no refresh token at ${keyOf(provider)}: log in once and store it there.`);
  return { access: access ?? "", refresh, expiresAt: Number(expiresAt ?? 0) };
}

/** False when a later holder of the lock has written already. */
export async function writeTokens(redis: Redis, provider: string, tokens: Tokens, fence: number): Promise<boolean> {
  const { access, refresh, expiresAt } = tokens;
  return (await redis.eval(WRITE, 1, keyOf(provider), fence, access, refresh, expiresAt)) === 1;
}
