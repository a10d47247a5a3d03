import { Redis } from "ioredis";
import { onTestFinished } from "vitest";

/** Who asked for a lock, as its Redis sees it. */
export interface Asked {
  /** The process ids at the end of the labels, by the name that they asked for, in the order of the first question. */
  by: Map<string, Set<number>>;
  /** Resolves when a command has been run whose first words are these; to all of its words. */
  runs(...words: (string | RegExp)[]): Promise<string[]>;
}

/** Watches who asks for names with this prefix. Nothing is asked before it resolves. */
export async function asked(url: string, prefix: string): Promise<Asked> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  onTestFinished(() => {
    monitor.disconnect();
    client.disconnect();
  });
  const by = new Map<string, Set<number>>();
  monitor.on("monitor", (_time: string, [command, key = "", value = "", condition]: string[]) => {
    if (command !== "SET" || condition !== "NX" || !key.startsWith(prefix)) return;
    const name = key.slice(prefix.length);
    const pids = by.get(name) ?? new Set();
    by.set(name, pids.add(Number(/:(\d+)$/.exec(value)?.[1])));
  });
  return {
    by,
    runs: (...words) =>
      new Promise((resolve) => {
        const look = (_time: string, args: string[]) => {
          if (!words.every((word, at) => new RegExp(word, "i").test(args[at] ?? ""))) return;
          monitor.off("monitor", look);
          resolve(args);
        };
        monitor.on("monitor", look);
      }),
  };
}
