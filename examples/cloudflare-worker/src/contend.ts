import { createLocks, isLockError, type Lease } from "holdfast";
import { write } from "./ledger.ts";
import { storeFor } from "./store.ts";
import { sleep, wireTo } from "./wire.ts";

/**
 * GET /contend: one contender of the page. Its WebSocket is its request: what happens to the lock is told over it, and
 * when it closes, the holder vanishes. (A streamed response would do as well, but browsers open only six of them to one
 * host over HTTP/1.1, which is what `wrangler dev` speaks.)
 */
export function contend(request: Request, url: URL, env: Env): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response("This is a WebSocket.\n", { status: 426 });
  const query = url.searchParams;
  const number = (name: string, fallback: number, max: number) =>
    Math.min(Math.max(Number(query.get(name) ?? fallback) || 0, 0), max);
  const name = query.get("name") || "demo";
  const work = number("work", 2000, 20_000);
  const wire = wireTo(storeFor(env, url).transport);
  wire.delay = number("delay", 0, 5000);

  const { 0: client, 1: socket } = new WebSocketPair();
  socket.accept();
  let open = true;
  let endWork = () => {};
  function say(type: string, more: object = {}): void {
    if (open) socket.send(JSON.stringify({ type, at: Date.now(), ...more }));
  }
  socket.addEventListener("message", ({ data }) => {
    const { delay, stop } = JSON.parse(data as string) as { delay?: number; stop?: number };
    if (delay !== undefined) wire.delay = delay;
    if (stop !== undefined) {
      wire.stoppedUntil = Date.now() + stop;
      endWork();
    }
  });
  socket.addEventListener("close", () => {
    open = false;
    wire.cut();
  });

  let lease: Lease | undefined;
  const locks = createLocks(wire, {
    ttl: Math.max(number("ttl", 4000, 60_000), 500),
    wait: "60s",
    maxAttempts: 40,
    retry: { min: 100, max: 1500 },
    owner: query.get("owner") ?? undefined,
    onEvent: ({ type }) => {
      if (type === "waiting") say("waiting");
      if (type === "renewed") say("renewed", { until: lease?.expiresAt });
    },
  });

  async function hold(held: Lease): Promise<void> {
    lease = held;
    const { fence, signal, expiresAt: until } = held;
    say("granted", { fence, until });
    // Nothing after the deadline counts as held, however late this is told.
    signal.addEventListener("abort", () =>
      say("lost", { at: Math.min(Date.now(), held.expiresAt), reason: signal.reason.reason }),
    );
    await write(env.LEDGER, `page:${name}`, fence, null);
    await new Promise<void>((resolve) => {
      endWork = resolve;
      setTimeout(resolve, work);
    });
    while (wire.stoppedUntil > Date.now()) await sleep(wire.stoppedUntil - Date.now());
    if (!open) return;
    // Even when the lease is lost: whether that is refused is up to the resource.
    const accepted = await write(env.LEDGER, `page:${name}`, fence, null);
    say(accepted ? "written" : "refused", { fence });
    if (held.held) say("releasing");
  }

  async function run(): Promise<void> {
    say("asking");
    try {
      await locks.request(name, hold);
      say("released");
    } catch (error) {
      if (isLockError(error, "TIMEOUT")) say("timeout");
      else if (!isLockError(error, "LOST")) say("failed", { message: String(error) });
    }
    if (open) socket.close(1000);
  }
  void run();
  return new Response(null, { status: 101, webSocket: client });
}
