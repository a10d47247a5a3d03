import type { Transport } from "holdfast";
import type { Server } from "./servers.ts";

/** A way to one Redis. */
export interface Connection {
  server: Server;
  transport: Transport;
  /** Resolves when it can be used; rejects with the reason why not. */
  ready(): Promise<void>;
  /** One command as it is, for doctor. */
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Whether a command that was rejected was answered all the same: by a refusal. */
  answered(error: unknown): boolean;
  close(): void;
}

/** Loads what a server needs, and nothing that it does not. */
export async function connect(server: Server, timeout: number): Promise<Connection> {
  return server.kind === "tcp"
    ? (await import("./tcp.ts")).overTcp(server, timeout)
    : (await import("./rest.ts")).overRest(server, timeout);
}
