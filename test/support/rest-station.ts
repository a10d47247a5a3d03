import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerPreflight, CORS } from "./cors.ts";
import type { FaultHandle } from "./fault-plan.ts";
import { rawCommands } from "./raw-commands.ts";
import type { FaultKind, FaultOptions } from "./rest-faults.ts";
import { startRestServer } from "./rest-server.ts";

/** What a test in another runtime asks of the station; each is one POST of JSON. */
export type StationCall =
  /** Plans a fault for the next request about the key; answers its number. */
  | { fault: FaultKind; options: FaultOptions; about: string }
  /** Waits until the fault was hit, or is over, for the first request. */
  | { await: "hit" | "done"; number: number }
  | { release: number }
  /** Sends a command to Redis, past the REST server. */
  | { redis: string[] }
  /** How many requests about the key have arrived. */
  | { requests: string };

export interface StationAddress {
  url: string;
  token: string;
  /** Where the calls go. */
  control: string;
}

export interface Station extends StationAddress {
  close(): Promise<void>;
}

/** A REST server and a second port, by which whoever has only `fetch` decides about its faults. */
export async function startStation(redisUrl: string): Promise<Station> {
  const rest = await startRestServer({ redisUrl });
  const redis = rawCommands([redisUrl]);
  const faults: FaultHandle[] = [];

  async function perform(call: StationCall): Promise<unknown> {
    if ("fault" in call) {
      const when = (command: string[]) => command.includes(call.about);
      return faults.push(rest.faults.next(call.fault, { ...call.options, when })) - 1;
    }
    if ("await" in call) return faults[call.number]?.[call.await];
    if ("release" in call) return faults[call.release]?.release();
    if ("requests" in call) return rest.requests.filter(({ command }) => command.includes(call.requests)).length;
    return redis.send(call.redis);
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await message.toArray()).toString();
    const answer = await perform(JSON.parse(body)).then(
      (value) => ({ value }),
      (error: Error) => ({ error: error.message }),
    );
    response.writeHead(200, { ...CORS, "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
    response.on("error", () => {});
    if (!answerPreflight(message, response)) handle(message, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: rest.url,
    token: rest.token,
    control: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const ended = once(server, "close");
      server.close();
      server.closeAllConnections();
      await Promise.all([ended, rest.close()]);
      redis.close();
    },
  };
}
