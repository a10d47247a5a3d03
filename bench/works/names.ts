import { contenders } from "../contenders/all.ts";
import { OURS, PLAIN, UNFENCED } from "../contenders/holdfast.ts";
import { TCP_PEERS } from "../contenders/peers.ts";
import { RAW, RAW_AGAIN } from "../contenders/raw.ts";
import type { Present } from "../crowd/field.ts";
import type { Suite } from "../support/suite.ts";
import { compare, type Figures } from "./batches.ts";
import { requestsTo, withRedis } from "./redis.ts";

const NAMES = Array.from({ length: 64 }, (_, index) => `name-${index}`);

/** `cycles` on each name; all names at once over one connection. */
async function batch({ contender, opened }: Present, cycles: number): Promise<number> {
  const began = performance.now();
  await Promise.all(
    NAMES.map(async (name) => {
      for (let cycle = 0; cycle < cycles; cycle++) {
        const release = await opened.take(`${contender.name} ${name}`);
        await release();
      }
    }),
  );
  return (performance.now() - began) / cycles / NAMES.length;
}

function fastestPeer({ names, time }: Figures): string {
  const not = [RAW, RAW_AGAIN, ...OURS.map(({ name }) => name)];
  const peers = names.filter((name) => !not.includes(name));
  return peers.reduce((best, name) => (time(name).median < time(best).median ? name : best), peers[0] ?? "no peer");
}

export const namesSuite: Suite = {
  name: "names",
  summary: "64 locks of different names at once, over one connection",
  packages: ["ioredis", "redis", ...TCP_PEERS],
  run(stage) {
    return withRedis(async function* (server) {
      yield await compare(stage, {
        title: "64 names in parallel",
        notes: ["One process, one connection; each name is taken and given back again and again, all names at once."],
        contenders: contenders("TCP", [RAW, RAW_AGAIN, UNFENCED, PLAIN, ...TCP_PEERS]),
        reference: RAW,
        rounds: 120,
        cycles: stage.quick ? 1 : 10,
        place: { port: server.port },
        batch,
        count: async (work) => (await requestsTo(server, work)) / NAMES.length,
        judge(figures) {
          const best = fastestPeer(figures);
          const measured = figures.against(UNFENCED, best).median;
          return [{ what: `${UNFENCED}: time, × the fastest peer's (${best})`, limit: 1, measured }];
        },
      });
    });
  },
};
