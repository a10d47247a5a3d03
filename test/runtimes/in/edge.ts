import { runAll } from "../suite/runner.ts";

/** The whole suite in one request of an Edge function. */
addEventListener("fetch", (event) => {
  const { request, respondWith } = event as unknown as { request: Request; respondWith(response: unknown): void };
  const run = async () => {
    const results = await runAll(await request.json(), { using: () => import("../suite/using.ts") });
    return new Response(JSON.stringify(results));
  };
  respondWith.call(event, run());
});
