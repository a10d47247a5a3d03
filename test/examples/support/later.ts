import type { RespClient } from "../../support/resp.ts";

/** What is left of each key becomes less by so many milliseconds: to a Redis the passing of time is nothing else. */
export async function later(redis: RespClient, ms: number): Promise<void> {
  const script = `
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local left = redis.call('PTTL', key)
      if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
    end`;
  const reply = await redis.send("EVAL", script, "0", String(ms));
  if (reply instanceof Error) throw reply;
}

export const SECOND: number = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
