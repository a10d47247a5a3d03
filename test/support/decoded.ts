import { RespError, type RespReply } from "./resp.ts";

/** A reply of our raw client as users' clients give it: texts, and errors thrown. */
export function decoded(reply: RespReply): unknown {
  if (reply instanceof RespError) throw reply;
  if (Array.isArray(reply)) return reply.map(decoded);
  return reply instanceof Buffer ? reply.toString() : reply;
}
