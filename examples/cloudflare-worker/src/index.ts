import { charge } from "./charge.ts";
import { contend } from "./contend.ts";
import { storeFor } from "./store.ts";

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    const order = /^\/orders\/([\w-]{1,64})\/charge$/.exec(url.pathname)?.[1];
    if (order) {
      if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
      const answer = charge(order, url, env, ctx);
      // A client that goes away must not cut a charge in two.
      ctx.waitUntil(answer.catch(() => {}));
      return answer;
    }
    if (url.pathname === "/contend") return contend(request, url, env);
    if (url.pathname === "/store") return Response.json(describeStore(env, url));
    return new Response("Not found\n", { status: 404 });
  },
};

/** What the page says about where its lock is. */
function describeStore(env: Env, url: URL): { kind: string; error?: string } {
  try {
    return { kind: storeFor(env, url).kind };
  } catch (error) {
    return { kind: "none", error: (error as Error).message };
  }
}
