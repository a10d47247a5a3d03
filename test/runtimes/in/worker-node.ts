import type { Place } from "../suite/place.ts";
import { runAll } from "../suite/runner.ts";
import { connectTcp } from "../suite/tcp.ts";

/** The same with `nodejs_compat`: there are sockets, which belong to the request that opened them. */
export default {
  async fetch(request: Request): Promise<Response> {
    const place = (await request.json()) as Place;
    const tcp = await connectTcp(place.redisUrl);
    const results = await runAll(place, { using: () => import("../suite/using.ts"), tcp });
    await tcp.close();
    return Response.json(results);
  },
};
