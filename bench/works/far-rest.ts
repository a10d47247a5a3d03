import { type RestServer, startRestServer } from "../../test/support/rest-server.ts";
import { startLinks } from "../support/links.ts";
import { median } from "../support/statistics.ts";
import { withRedis } from "./redis.ts";

/** A REST server that is some way off. */
export interface FarRest {
  place: { port: number; url: string; token: string };
  /** The median time of a request, measured, milliseconds. */
  roundTrip: number;
  /** The HTTP requests that arrived while the work was done. */
  count(work: () => Promise<void>): Promise<number>;
  server: RestServer;
}

/** The way there and back, milliseconds; timers and the servers make it about 20. */
const TRIP = 18;

export function withFarRest<Result>(
  work: (rest: FarRest) => AsyncGenerator<Result, void>,
): AsyncGenerator<Result, void> {
  return withRedis(async function* (redis) {
    const server = await startRestServer({ redisUrl: redis.url });
    const links = await startLinks([{ port: Number(new URL(server.url).port), roundTrip: TRIP }]);
    try {
      const place = { port: redis.port, url: `http://127.0.0.1:${links.ports[0]}`, token: server.token };
      const roundTrip = await tripTo(place);
      yield* work({
        place,
        roundTrip,
        server,
        async count(work) {
          const before = server.requests.length;
          await work();
          return server.requests.length - before;
        },
      });
    } finally {
      await links.close();
      await server.close();
    }
  });
}

async function tripTo({ url, token }: FarRest["place"]): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const sent = performance.now();
    const headers = { authorization: `Bearer ${token}` };
    await (await fetch(url, { method: "POST", headers, body: '["PING"]' })).text();
    times.push(performance.now() - sent);
  }
  return median(times);
}
