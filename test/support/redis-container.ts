import type { StartedTestContainer } from "testcontainers";
import { freePort, until } from "./redis-process.ts";
import type { RedisOptions, RedisServer } from "./redis-server.ts";
import { respClient, text } from "./resp.ts";

// Everything from testcontainers is imported late: it loads a Docker client, which most runs never need.
const IMAGE = "redis:7-alpine";
const QUIET = ["--save", "", "--appendonly", "no", "--loglevel", "warning", "--protected-mode", "no"];

export async function dockerAnswers(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import("testcontainers");
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}

export async function startContainer(options: RedisOptions = {}): Promise<RedisServer> {
  const { GenericContainer } = await import("testcontainers");
  let container = new GenericContainer(IMAGE)
    .withExposedPorts(options.port === undefined ? 6379 : { container: 6379, host: options.port })
    .withCommand(["redis-server", ...QUIET, ...(options.args ?? [])]);
  if (options.dir) container = container.withBindMounts([{ source: options.dir, target: "/data" }]);
  const started = await container.start();
  const { getContainerRuntimeClient } = await import("testcontainers");
  const engine = (await getContainerRuntimeClient()).container.getById(started.getId());
  return describe(started, started.getMappedPort(6379), {
    pid: (await engine.inspect()).State.Pid,
    async kill(signal) {
      await engine.kill({ signal });
      if (ends(signal)) await engine.wait();
    },
    stop: once(async () => {
      await engine.kill({ signal: "SIGCONT" }).catch(() => {});
      await started.stop();
    }),
  });
}

/**
 * Three nodes in one container, each on the same port inside and outside: to one another and to the
 * tests a node is then at the same address, so redirections lead to the right place.
 */
export async function startClusterContainer(args: string[]): Promise<RedisServer[]> {
  const { GenericContainer } = await import("testcontainers");
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort([0, 10_000]));
  const started = await new GenericContainer(IMAGE)
    .withExposedPorts(...[...ports].map((port) => ({ container: port, host: port })))
    .withCommand(["sh", "-c", clusterScript([...ports], args)])
    .start();
  const stop = once(() => started.stop());
  const run = (script: string) => started.exec(["sh", "-c", script]);
  const nodes = [...ports].map((port) =>
    describe(started, port, {
      pid: 0,
      async kill(signal) {
        const pid = (await run(`cat ${nodeDir(port)}/pid`)).output.trim();
        await run(`kill -${signal.slice(3)} ${pid}`);
        if (ends(signal)) await run(`while kill -0 ${pid}; do sleep 0.05; done`);
      },
      stop,
    }),
  );
  return Promise.all(nodes);
}

const nodeDir = (port: number) => `/tmp/holdfast-${port}`;
const ends = (signal: NodeJS.Signals) => signal !== "SIGSTOP" && signal !== "SIGCONT";

/** Starts a node on each port and stays until the last one has ended. */
export function clusterScript(ports: number[], args: string[]): string {
  const lines = ports.map((port) => {
    const dir = nodeDir(port);
    const words = ["redis-server", "--port", `${port}`, "--dir", dir, "--pidfile", `${dir}/pid`, ...QUIET, ...args];
    return `mkdir -p ${dir}\n${words.map((word) => `'${word}'`).join(" ")} &`;
  });
  return `${lines.join("\n")}\nwait`;
}

/** The nodes of a Cluster share a container, which can be stopped only once. */
function once(stop: () => Promise<unknown>): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => (stopped ??= stop().then(() => {}));
}

async function describe(
  started: StartedTestContainer,
  port: number,
  control: Pick<RedisServer, "pid" | "kill" | "stop">,
): Promise<RedisServer> {
  // "localhost" may mean ::1, where Docker does not always publish the port.
  const host = started.getHost() === "localhost" ? "127.0.0.1" : started.getHost();
  const server = { ...control, host, port, url: `redis://${host}:${port}` };
  await until(() => pings(server.url), `the Redis container at ${server.url} did not answer`, 60_000);
  return server;
}

async function pings(url: string): Promise<boolean> {
  const client = respClient(url);
  try {
    return text(await client.send("PING")) === "PONG";
  } catch (error) {
    return (error as Error).message.startsWith("NOAUTH");
  } finally {
    client.close();
  }
}
