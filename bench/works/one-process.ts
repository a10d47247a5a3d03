import { contenders } from "../contenders/all.ts";
import { FAIR, PLAIN, WOKEN } from "../contenders/holdfast.ts";
import { TCP_PEERS } from "../contenders/peers.ts";
import { RAW_TURNS } from "../contenders/raw.ts";
import { runContest } from "../crowd/contest.ts";
import type { Suite } from "../support/suite.ts";
import { requestsTo, withRedis } from "./redis.ts";

export const oneProcessSuite: Suite = {
  name: "one-process",
  summary: "one process with twenty waiters wants one lock, for 5 ms at a time",
  packages: ["ioredis", "redis", ...TCP_PEERS],
  run(stage) {
    const [waiters, times] = stage.quick ? [4, 1] : [20, 10];
    return withRedis(async function* (server) {
      yield await runContest(stage, {
        title: "1 process × 20 waiters",
        notes: [`One lock over one local Redis, kept for 5 ms, ${times} times by each of ${waiters} waiters.`],
        contenders: contenders("TCP", [RAW_TURNS, PLAIN, FAIR, WOKEN, ...TCP_PEERS]),
        processes: 1,
        waiters,
        each: false,
        times,
        hold: 5,
        rounds: 5,
        place: { port: server.port },
        count: (work) => requestsTo(server, work),
        judge: (figure) => [
          { what: `${PLAIN}: total over the holds`, limit: 1.08, measured: figure(PLAIN, "stretch") },
          { what: `${PLAIN}: requests an acquisition`, limit: 1.2, measured: figure(PLAIN, "requests") },
        ],
      });
    });
  },
};
