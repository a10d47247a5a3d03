import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { CORS } from "./cors.ts";
import { encode, parse, type RespReply } from "./resp.ts";

export interface RestStreams {
  /** Answers with what is published to the channel, as server-sent events, until the client leaves. */
  open(channel: string, response: ServerResponse): void;
  /** How many are open. */
  readonly count: number;
  /** Sends these bytes on every stream. */
  write(bytes: Uint8Array | string): void;
  /** Ends every stream: as if it were complete, or by breaking the connection. */
  end(how?: "complete" | "broken"): void;
  close(): void;
}

/** `/subscribe/<channel>` of Upstash: each stream has a subscribed connection to Redis of its own. */
export function restStreams(redisUrl: string): RestStreams {
  const open = new Set<{ response: ServerResponse; leave(): void }>();

  function end(how: "complete" | "broken"): void {
    for (const { response } of [...open]) how === "broken" ? response.destroy() : response.end();
  }

  return {
    open(channel, response) {
      const { hostname, port, username, password } = new URL(redisUrl);
      const socket = connect(Number(port || 6379), hostname.replace(/^\[|\]$/g, ""));
      const one = { response, leave: () => void socket.destroy() };
      open.add(one);
      response.writeHead(200, { ...CORS, "content-type": "text/event-stream", "cache-control": "no-cache" });
      response.flushHeaders();
      response.on("close", () => {
        open.delete(one);
        socket.destroy();
      });
      const login = password ? encode(["AUTH", ...[username, password].filter(Boolean).map(decodeURIComponent)]) : "";
      socket.write(login + encode(["SUBSCRIBE", channel]));
      let unread: Buffer = Buffer.alloc(0);
      socket.on("data", (chunk: Buffer) => {
        unread = Buffer.concat([unread, chunk]);
        for (let parsed = parse(unread, 0); parsed; parsed = parse(unread, 0)) {
          unread = unread.subarray(parsed.end);
          if (Array.isArray(parsed.reply)) response.write(event(parsed.reply));
        }
      });
      socket.on("error", () => {});
      socket.on("close", () => response.destroy());
    },
    get count() {
      return open.size;
    },
    write(bytes) {
      for (const { response } of open) response.write(bytes);
    },
    end: (how = "complete") => end(how),
    close: () => end("broken"),
  };
}

function event(reply: RespReply[]): string {
  const lines = reply.join(",").split("\n");
  return `${lines.map((line) => `data: ${line}`).join("\n")}\n\n`;
}
