import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerPreflight, CORS } from "./cors.ts";
import { type Faults, planFaults } from "./fault-plan.ts";
import { RespError, type RespReply, respClient, text } from "./resp.ts";
import type { Exchange, RestReply } from "./rest-faults.ts";
import { type RestStreams, restStreams } from "./rest-streams.ts";
import { type DialectOptions, upstashDialect } from "./upstash-dialect.ts";

export interface RestServerOptions extends DialectOptions {
  redisUrl: string;
  /** By default a random one. */
  token?: string;
}

export interface RestRequest {
  path: string;
  /** The command, the first one of a pipeline. */
  command: string[];
  commands: string[][];
  /** How often it was executed so far. */
  executed: number;
  fault?: string;
  /** When it had arrived, in epoch milliseconds. */
  at: number;
}

export interface RestServer {
  url: string;
  token: string;
  faults: Faults;
  /** Every authorized request, in the order of arrival. */
  requests: RestRequest[];
  /** What is open at `/subscribe/<channel>`; a fault meets a request for it as the command `SUBSCRIBE`. */
  streams: Omit<RestStreams, "open" | "close">;
  /**
   * How many commands Upstash would bill for what `fn` does: each one, and for a script also those
   * inside it. Counted by the Redis server, so nobody else may use that server meanwhile.
   */
  countBilled<T>(fn: () => Promise<T>): Promise<{ result: T; billed: number }>;
  /** Ends connections, timers and held requests, which are then not executed. */
  close(): Promise<void>;
}

/** The Upstash REST protocol in front of a real Redis, with faults on request. */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const token = options.token ?? randomBytes(16).toString("hex");
  const redis = respClient(options.redisUrl);
  const dialect = upstashDialect(options);
  const { faults, choose } = planFaults();
  const requests: RestRequest[] = [];
  const streams = restStreams(options.redisUrl);
  const closing = new AbortController();
  const closed = new Promise<never>((_, reject) => {
    closing.signal.addEventListener("abort", () => reject(closing.signal.reason));
  });
  closed.catch(() => {});
  let surplus = 0;

  async function run(commands: string[][], atomic: boolean): Promise<RespReply[] | RespError> {
    const translated = commands.map((command) => dialect.toRedis(command));
    const refused = translated.find((one) => one instanceof RespError);
    if (atomic && refused instanceof RespError) return refused;
    const sendable = translated.filter((one): one is string[] => Array.isArray(one));
    const received = await redis.sendAll(atomic ? [["MULTI"], ...sendable, ["EXEC"]] : sendable);
    const replies = atomic ? received.at(-1) : received;
    if (!Array.isArray(replies)) return replies instanceof RespError ? replies : new RespError("ERR EXEC failed");
    return translated.map((one, index) => {
      if (one instanceof RespError) return one;
      const command = commands[index] as string[];
      const reply = replies.shift() as RespReply;
      surplus += dialect.surplus(command, reply);
      return dialect.fromRedis(command, reply);
    });
  }

  async function execute(request: RestRequest, base64: boolean): Promise<RestReply> {
    if (closing.signal.aborted) throw closing.signal.reason;
    request.executed++;
    const replies = await run(request.commands, request.path === "/multi-exec").catch(
      (lost) => new Error(`the Redis behind this server did not answer: ${lost.message}`),
    );
    if (replies instanceof RespError) return json(400, { error: replies.message });
    if (replies instanceof Error) return json(503, { error: replies.message });
    const results = replies.map((reply) =>
      reply instanceof RespError ? { error: reply.message } : { result: encode(reply, base64) },
    );
    if (request.path !== "/") return json(200, results);
    return json(results[0] && "error" in results[0] ? 400 : 200, results[0] ?? {});
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await message.toArray()).toString();
    if (message.headers.authorization !== `Bearer ${token}`) {
      return send(response, json(401, { error: "Unauthorized" }));
    }
    const path = (message.url ?? "/").split("?")[0] as string;
    const commands = message.method === "POST" ? parseCommands(path, body) : undefined;
    if (!commands) return send(response, json(400, { error: "ERR failed to parse command" }));
    const request: RestRequest = { path, command: commands[0] ?? [], commands, executed: 0, at: Date.now() };
    requests.push(request);
    const fault = choose(commands);
    const base64 = message.headers["upstash-encoding"] === "base64";
    if (!fault && path.startsWith(SUBSCRIBE)) {
      request.executed++;
      return streams.open(request.command[1] as string, response);
    }
    if (!fault) return send(response, await execute(request, base64));
    request.fault = fault.kind;
    const exchange: Exchange = {
      execute: () => execute(request, base64),
      answer: (reply, portion) => send(response, reply, portion),
      drop: () => response.socket?.destroy(),
      sleep: (ms) => sleep(ms, undefined, { signal: closing.signal }),
      gone: new Promise((resolve) => response.once("close", resolve)),
      released: Promise.race([fault.released, closed]),
    };
    exchange.released.catch(() => {});
    await fault.run(exchange);
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
    response.on("error", () => {});
    if (answerPreflight(message, response)) return;
    // What fails here is a client that went away, or this server closing.
    handle(message, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  async function commandsCounted(): Promise<number> {
    const stats = text(await redis.send("INFO", "commandstats"));
    let calls = 0;
    for (const [, name = "", count] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
      if (!["multi", "exec", "auth", "select"].includes(name)) calls += Number(count);
    }
    return calls - surplus;
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    faults,
    requests,
    streams,
    async countBilled(fn) {
      const before = await commandsCounted();
      const result = await fn();
      // Less the INFO of the first count, which the second sees.
      return { result, billed: (await commandsCounted()) - before - 1 };
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new Error("the REST server was closed"));
      const ended = once(server, "close");
      server.close();
      streams.close();
      server.closeAllConnections();
      await ended;
      redis.close();
    },
  };
}

const SUBSCRIBE = "/subscribe/";

/** The commands of a request: one, or the list of a pipeline; undefined when the body is not of that form. */
function parseCommands(path: string, body: string): string[][] | undefined {
  if (path.startsWith(SUBSCRIBE)) return [["SUBSCRIBE", decodeURIComponent(path.slice(SUBSCRIBE.length))]];
  if (path !== "/" && path !== "/pipeline" && path !== "/multi-exec") return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    const commands: unknown = path === "/" ? [parsed] : parsed;
    if (!Array.isArray(commands) || !commands.every(isCommand)) return undefined;
    return commands.map((command) => command.map(String));
  } catch {
    return undefined;
  }
}

function isCommand(value: unknown): value is (string | number | boolean)[] {
  const scalars = ["string", "number", "boolean"];
  return Array.isArray(value) && value.length > 0 && value.every((part) => scalars.includes(typeof part));
}

function encode(reply: RespReply, base64: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((item) => encode(item, base64));
  if (reply instanceof RespError) return reply.message;
  if (!(reply instanceof Buffer)) return reply;
  const string = reply.toString();
  return base64 && string !== "OK" ? reply.toString("base64") : string;
}

const json = (status: number, body: object): RestReply => ({ status, body: JSON.stringify(body) });

function send(response: ServerResponse, reply: RestReply, portion = "all"): void {
  if (response.destroyed) return;
  const body = Buffer.from(reply.body);
  const half = body.subarray(0, Math.ceil(body.length / 2));
  response.writeHead(reply.status, {
    // A page comes from something on the way, which knows nothing of browsers.
    ...(!reply.html && CORS),
    "content-type": reply.html ? "text/html" : "application/json",
    "content-length": (portion === "truncated" ? half : body).length,
  });
  if (portion === "stalled") response.write(half);
  else response.end(portion === "truncated" ? half : body);
}
