import { slotOf } from "../../adapters/support/slot.ts";
import { RespError, type RespReply, respClient } from "./resp.ts";

/** Sends raw commands, texts in and texts out; with several servers, a Cluster's, to the one that has the key. */
export function rawCommands(urls: string[]): { send(args: string[]): Promise<unknown>; close(): void } {
  const clients = urls.map((url) => respClient(url));

  /** Ours have a third of the slots each, in order; one that was lent to us may not, and says where to ask. */
  function home(key: string): number {
    return Math.floor((slotOf(key) * clients.length) / 16_384);
  }

  async function ask(client: number, args: string[]): Promise<unknown> {
    const reply = (await clients[client]?.send(...args)) as RespReply;
    const [, host] = reply instanceof RespError ? (/^MOVED \d+ (\S+)/.exec(reply.message) ?? []) : [];
    if (host)
      return ask(
        urls.findIndex((url) => new URL(url).host === host),
        args,
      );
    if (reply instanceof RespError) throw reply;
    return reply instanceof Buffer ? reply.toString() : reply;
  }

  return {
    async send(args) {
      if (args[0] !== "SCRIPT") return ask(home((args[0] === "EVAL" ? args[3] : args[1]) ?? ""), args);
      return (await Promise.all(clients.map((_, index) => ask(index, args))))[0];
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
