import { createHash, randomBytes } from "node:crypto";
import { openIoredis } from "./clients.ts";
import { type Contender, TTL } from "./contender.ts";

export const RAW = "raw SET NX PX, EVALSHA";
export const RAW_AGAIN = "raw SET NX PX, EVALSHA, again";

const COMPARE_AND_DELETE =
  'if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end';

const COMPARE_AND_SET =
  'if redis.call("GET", KEYS[1]) == ARGV[1] then return 0 else return redis.call("SET", KEYS[1], ARGV[2]) end';

/** What no library can beat: the two commands, by the same client. It does not wait for anybody. */
function raw(name: string): Contender {
  return {
    name,
    over: "TCP",
    async open(place) {
      const { client, close } = await openIoredis(place);
      await client.script("LOAD", COMPARE_AND_DELETE);
      const sha = createHash("sha1").update(COMPARE_AND_DELETE).digest("hex");
      return {
        async take(key) {
          const token = randomBytes(16).toString("base64url");
          if ((await client.set(key, token, "PX", TTL, "NX")) !== "OK") throw new Error("another has it");
          return () => client.evalsha(sha, 1, key, token);
        },
        close,
      };
    },
  };
}

export const RAW_TURNS = "raw EVALSHA between two holds";

/** What no library can beat in one process: callers who know one another, and one request from each to the next. */
const turns: Contender = {
  name: RAW_TURNS,
  over: "TCP",
  async open(place) {
    const { client, close } = await openIoredis(place);
    const sha = await client.script("LOAD", COMPARE_AND_SET);
    let last: Promise<unknown> = Promise.resolve();
    return {
      async take(key) {
        const before = last;
        let done = () => {};
        last = new Promise<void>((resolve) => {
          done = resolve;
        });
        await before;
        return () => client.evalsha(sha as string, 1, key, "", randomBytes(16).toString("base64url")).finally(done);
      },
      close,
    };
  },
};

export const RAWS: readonly Contender[] = [raw(RAW), raw(RAW_AGAIN), turns];
