import type { IncomingMessage, ServerResponse } from "node:http";

/** What a server adds to an answer that a page of any other origin may read. */
export const CORS: Record<string, string> = { "access-control-allow-origin": "*" };

/** Answers the question that a browser asks before it sends another origin a header of its own; true if it was one. */
export function answerPreflight(message: IncomingMessage, response: ServerResponse): boolean {
  if (message.method !== "OPTIONS") return false;
  response.writeHead(204, {
    ...CORS,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": message.headers["access-control-request-headers"] ?? "*",
    "access-control-max-age": "7200",
  });
  response.end();
  return true;
}
