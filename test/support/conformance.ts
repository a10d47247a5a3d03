import { afterAll, inject, test, vi } from "vitest";
import type { Transport } from "../../src/index.ts";
import { conformance } from "../conformance/index.ts";
import { rawCommands } from "./raw-commands.ts";

/** A transport over a client that the suite closes when all tests are over. */
export interface Connected {
  transport: Transport;
  close(): unknown;
}

/** Whether the suite is run a second time with callers who stand in line: once for each kind of client is enough. */
interface Runs {
  inLine?: boolean;
}

/** Runs the published suite over a transport; over two clients of it, as two processes have. */
export function conforms(connect: (redisUrl: string) => Connected | Promise<Connected>, runs?: Runs): void {
  const redisUrl = inject("redisUrl");
  run(() => connect(redisUrl), [redisUrl], runs);
}

/** The same over the Cluster. `roots` are the addresses that clients begin with. */
export function conformsOnCluster(
  connect: (roots: { host: string; port: number }[]) => Connected | Promise<Connected>,
  runs?: Runs,
): void {
  const nodes = inject("clusterNodes");
  run(
    () => connect(nodes),
    nodes.map(({ host, port }) => `redis://${host}:${port}`),
    runs,
  );
}

function run(connect: () => Connected | Promise<Connected>, urls: string[], { inLine = true }: Runs = {}): void {
  // The tests wait most of the time. All of them at once would start with a stampede.
  vi.setConfig({ maxConcurrency: 40, testTimeout: 30_000 });
  const open: Connected[] = [];
  const commands = rawCommands(urls);
  async function transport(): Promise<Transport> {
    const connected = await connect();
    open.push(connected);
    return connected.transport;
  }
  const shared = { transport, prefix: inject("redisPrefix"), commands: commands.send };
  conformance({ ...shared, test: test.concurrent });
  if (inLine) conformance({ ...shared, test: (name, fn) => test.concurrent(`in line, ${name}`, fn), fair: true });
  afterAll(async () => {
    commands.close();
    for (const { close } of open) await close();
  });
}
