import { contenders } from "../contenders/all.ts";
import { PLAIN, UNFENCED } from "../contenders/holdfast.ts";
import { TCP_PEERS } from "../contenders/peers.ts";
import { RAW, RAW_AGAIN } from "../contenders/raw.ts";
import type { Present } from "../crowd/field.ts";
import type { Suite } from "../support/suite.ts";
import { compare } from "./batches.ts";
import { requestsTo, withRedis } from "./redis.ts";

async function batch({ contender, opened }: Present, cycles: number): Promise<number> {
  const name = `uncontended ${contender.name}`;
  const began = performance.now();
  for (let cycle = 0; cycle < cycles; cycle++) {
    const release = await opened.take(name);
    await release();
  }
  return (performance.now() - began) / cycles;
}

export const uncontendedSuite: Suite = {
  name: "uncontended",
  summary: "one lock that nobody else wants, taken and given back",
  packages: ["ioredis", "redis", ...TCP_PEERS],
  run(stage) {
    return withRedis(async function* (server) {
      yield await compare(stage, {
        title: "An uncontended cycle",
        notes: [
          "One lock over one local Redis, taken and given back; by ioredis, simple-redis-mutex by node-redis.",
          "The reference takes part twice: what the two differ by is noise.",
        ],
        contenders: contenders("TCP", [RAW, RAW_AGAIN, UNFENCED, PLAIN, ...TCP_PEERS]),
        reference: RAW,
        rounds: 400,
        cycles: stage.quick ? 2 : 25,
        place: { port: server.port },
        batch,
        count: (work) => requestsTo(server, work),
        judge: ({ against, requests }) => [
          { what: `${UNFENCED}: time, × ${RAW}`, limit: 1.1, measured: against(UNFENCED, RAW).median },
          { what: `${PLAIN}: time, × ${RAW}`, limit: 1.25, measured: against(PLAIN, RAW).median },
          { what: `${UNFENCED}: requests a cycle`, limit: 2, measured: requests(UNFENCED) },
          { what: `${PLAIN}: requests a cycle`, limit: 2, measured: requests(PLAIN) },
        ],
      });
    });
  },
};
