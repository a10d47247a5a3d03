import type { Transport } from "../../../src/index.ts";
import { VOTE } from "../../../src/quorum-scripts.ts";

/** The server says that it has been running for so many seconds: what a test cannot wait for. */
export function runningFor(seconds: number, { set, eval: run }: Transport): Transport {
  return {
    set,
    async eval(script, keys, args) {
      const reply = await run(script, keys, args);
      if (script !== VOTE || !Array.isArray(reply) || reply[0] !== "granted") return reply;
      return [...reply.slice(0, 3), `${reply[3]}`.replace(/ .*/, ` ${seconds}`)];
    },
  };
}

export const DAY = 86_400;
