import type { Transport } from "../src/index.ts";

export interface Answer {
  accepted: boolean;
  /** The largest fence that the resource has seen. */
  seen: number;
}

/** Something worth protecting: it refuses, in one atomic step, a write whose fence is smaller than one it has seen. */
export interface FencedResource {
  write(fence: number, value: string): Promise<Answer>;
  remove(): Promise<void>;
}

export function inMemory(): FencedResource {
  let seen = 0;
  return {
    async write(fence) {
      const accepted = fence >= seen;
      if (accepted) seen = fence;
      return { accepted, seen };
    },
    async remove() {},
  };
}

/** KEYS the resource; ARGV fence, value, life in ms. Answers: accepted or not, the largest fence. */
const WRITE = `
local seen = string.match(redis.call('GET', KEYS[1]) or '0', '^%d+')
if tonumber(ARGV[1]) < tonumber(seen) then return { 'refused', seen } end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return { 'accepted', ARGV[1] }`;

/** In case nobody is left to remove it, milliseconds. */
const LIFE = 60_000;

export function inRedis(transport: Transport, key: string): FencedResource {
  return {
    async write(fence, value) {
      const reply = await transport.eval(WRITE, [key], [String(fence), value, String(LIFE)]);
      const [outcome, seen] = reply as [string, string];
      return { accepted: outcome === "accepted", seen: Number(seen) };
    },
    async remove() {
      await transport.eval("return redis.call('DEL', KEYS[1])", [key], []);
    },
  };
}
