import { Redis } from "ioredis";

export interface Requests {
  /** What clients sent. */
  sent: number;
  /** What servers executed: these, and what scripts called. */
  executed: number;
}

/** What is not part of a workload. */
const OTHER = /^(ping|info|monitor|select|client|hello)$/i;

/** Counts at the servers what a workload makes them do. Nothing else may use them meanwhile. */
export async function countRequests(ports: readonly number[], work: () => Promise<void>): Promise<Requests> {
  const count: Requests = { sent: 0, executed: 0 };
  const marks = new Set<string>();
  const clients = ports.map((port) => new Redis(port, "127.0.0.1"));
  const monitors = await Promise.all(clients.map((client) => client.monitor()));
  for (const monitor of monitors) {
    monitor.on("monitor", (_time: string, args: string[], source: string) => {
      if (args[0] === "echo") marks.add(args[1] ?? "");
      else if (!OTHER.test(args[0] ?? "")) {
        count.executed++;
        if (source !== "lua") count.sent++;
      }
    });
  }
  try {
    await work();
    // What a monitor saw before this is what was executed before this.
    await Promise.all(clients.map((client, index) => client.call("echo", `${index}`)));
    while (marks.size < ports.length) await new Promise((resolve) => setTimeout(resolve, 5));
    return count;
  } finally {
    for (const client of [...monitors, ...clients]) client.disconnect();
  }
}
