import { runAll } from "../suite/runner.ts";

/** The whole suite in one request, of a Worker without Node's modules. */
export default {
  async fetch(request: Request): Promise<Response> {
    const place = await request.json();
    return Response.json(await runAll(place as never, { using: () => import("../suite/using.ts") }));
  },
};
