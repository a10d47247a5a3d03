import { contenders } from "../contenders/all.ts";
import { FAIR, PLAIN, WOKEN } from "../contenders/holdfast.ts";
import { TCP_PEERS } from "../contenders/peers.ts";
import { runContest } from "../crowd/contest.ts";
import type { Suite } from "../support/suite.ts";
import { requestsTo, withRedis } from "./redis.ts";

export const processesSuite: Suite = {
  name: "processes",
  summary: "four processes with five waiters each want one lock, for 5 ms at a time",
  packages: ["ioredis", "redis", ...TCP_PEERS],
  run(stage) {
    const [processes, waiters, times] = stage.quick ? [2, 4, 1] : [4, 20, 10];
    return withRedis(async function* (server) {
      yield await runContest(stage, {
        title: "4 processes × 5 waiters",
        notes: [`One lock over one local Redis, kept for 5 ms, ${times} times by each of ${waiters} waiters.`],
        contenders: contenders("TCP", [PLAIN, FAIR, WOKEN, ...TCP_PEERS]),
        processes,
        waiters,
        each: false,
        times,
        hold: 5,
        rounds: 7,
        place: { port: server.port },
        count: (work) => requestsTo(server, work),
        judge: (figure) => [
          { what: `${WOKEN}: total over the holds`, limit: 1.12, measured: figure(WOKEN, "stretch") },
          { what: `${WOKEN}: requests an acquisition`, limit: 3, measured: figure(WOKEN, "requests") },
          { what: `${WOKEN}: longest wait over the median wait`, limit: 1.3, measured: figure(WOKEN, "unfairness") },
        ],
      });
    });
  },
};
