import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Link {
  /** The server. */
  port: number;
  /** Milliseconds, added to what the machine takes. Timers are late, so it is more in fact: measure it. */
  roundTrip: number;
}

export interface Links {
  /** Where to connect instead, one for each link. */
  ports: number[];
  close(): Promise<void>;
}

/** Ports behind which servers are further away. They end with this process, however that ends. */
export async function startLinks(links: readonly Link[]): Promise<Links> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "link-process.ts"), JSON.stringify(links)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(() => {
      throw new Error("the process that delays connections ended");
    }),
  ]);
  return {
    ports: JSON.parse(line),
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
