import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface Requests {
  /** What clients sent. */
  sent: number;
  /** What servers executed: these, and what scripts called. */
  executed: number;
}

/** What is not part of a workload. */
const OTHER = /^(ping|info|monitor|select|client|hello)$/i;

/**
 * Counts at the servers what a workload makes them do, by `MONITOR`. Nothing else may use them meanwhile. Not by a
 * client's own monitor: that of ioredis 6 fails when a server is busy at the moment at which it begins.
 */
export async function countRequests(ports: readonly number[], work: () => Promise<void>): Promise<Requests> {
  const monitors = await Promise.all(ports.map(monitor));
  try {
    await work();
    await Promise.all(monitors.map(({ settle }) => settle()));
    const sum = (what: keyof Requests) => monitors.reduce((total, { count }) => total + count[what], 0);
    return { sent: sum("sent"), executed: sum("executed") };
  } finally {
    for (const { close } of monitors) close();
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket.on("error", () => {});
}

async function monitor(port: number): Promise<{ count: Requests; settle(): Promise<void>; close(): void }> {
  const [listening, asking] = [await open(port), await open(port)];
  const count: Requests = { sent: 0, executed: 0 };
  const lines = createInterface(listening);
  let settled = () => {};
  listening.write("MONITOR\r\n");
  await once(lines, "line");
  lines.on("line", (line) => {
    const [, source, command = ""] = /^\+[\d.]+ \[\d+ (\S+)\] "([^"]*)"/.exec(line) ?? [];
    if (command === "echo") settled();
    else if (!OTHER.test(command)) {
      count.executed++;
      if (source !== "lua") count.sent++;
    }
  });
  return {
    count,
    // What a monitor saw before this is what was executed before this.
    settle: () =>
      new Promise((resolve) => {
        settled = resolve;
        asking.write("echo .\r\n");
      }),
    close() {
      for (const socket of [listening, asking]) socket.destroy();
    },
  };
}
