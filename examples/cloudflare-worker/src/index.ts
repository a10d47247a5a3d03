import { charge } from "./charge.ts";
import { contend } from "./contend.ts";
import { isConfigured, storeFor, UNCONFIGURED } from "./store.ts";

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    const order = /^\/orders\/([\w-]{1,64})\/charge$/.exec(url.pathname)?.[1];
    if (!order && url.pathname !== "/contend" && url.pathname !== "/store") {
      return new Response("Not found\n", { status: 404 });
    }
    if (!isConfigured(env, url)) return Response.json({ kind: "none", error: UNCONFIGURED }, { status: 503 });
    if (url.pathname === "/store") return Response.json({ kind: storeFor(env, url).kind });
    if (!order) return contend(request, url, env);

    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const answer = charge(order, url, env, ctx);
    // A client that goes away must not cut a charge in two.
    ctx.waitUntil(answer.catch(() => {}));
    return answer;
  },
};
