/** Stands for the clients where a sample is run: their adapters send to memory. */
import { memory } from "../../adapters/memory.ts";

export type Send = (args: string[]) => Promise<unknown>;

/** A server of its own, as far as the commands of the protocol go. Its errors are Redis'. */
export function server(): Send {
  const transport = memory();
  return async ([name = "", ...args]) => {
    if (name === "SET") return transport.set(args[0] as string, args[1] as string, { nx: true, px: Number(args[4]) });
    if (name === "EVALSHA") throw new Error("NOSCRIPT No matching script.");
    if (name !== "EVAL") throw new Error(`ERR unknown command '${name}'`);
    const [script = "", count = "", ...rest] = args;
    if (script.startsWith("#!")) throw new Error("ERR Unexpected flag in script shebang");
    return transport.eval(script, rest.slice(0, Number(count)), rest.slice(Number(count)));
  };
}

/** As the package `ioredis` has it. */
export class Redis {
  readonly url: string | undefined;
  readonly #send: Send = server();

  constructor(url?: string) {
    this.url = url;
  }

  async call(name: string, ...args: string[]): Promise<unknown> {
    return this.#send([name, ...args]);
  }

  async quit(): Promise<void> {}
}

/** As the package `@vercel/functions` has it. */
export function waitUntil(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

/** As the package `redis` has it. */
export function createClient(): object {
  const client = { on: () => client, connect: async () => client, close: async () => {}, sendCommand: server() };
  return client;
}
