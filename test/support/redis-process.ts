import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisOptions, RedisServer } from "./redis-server.ts";
import { RespError, respClient, text } from "./resp.ts";

// `read` returns when we write a line (Redis has ended) or when our end of the pipe closes, which
// the kernel does for us even after SIGKILL: an exit handler would not run then.
const WATCHDOG = 'read -r _ || kill -9 "$1"; read -r _; [ -z "$2" ] || rm -rf "$2"';

/** Starts `binary` on a free port; `offsets` are further ports, relative to it, that must be free. */
export async function spawnRedis(
  binary: string,
  options: RedisOptions = {},
  offsets: number[] = [0],
): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort(offsets));
    try {
      return await spawnOn(binary, port, options);
    } catch (error) {
      // Between our look and its bind another process may have taken the port.
      if (options.port !== undefined || attempt === 5) throw error;
    }
  }
}

async function spawnOn(binary: string, port: number, options: RedisOptions): Promise<RedisServer> {
  const ownDir = options.dir === undefined ? await mkdtemp(join(tmpdir(), "holdfast-redis-")) : "";
  const base = ["--port", String(port), "--bind", "127.0.0.1", "--dir", options.dir ?? ownDir];
  const quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"];
  const child = spawn(binary, [...base, ...quiet, ...(options.args ?? [])], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let log = "";
  child.stdout.on("data", (chunk) => {
    log = (log + chunk).slice(-2000);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await once(child, "spawn");
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "sh", String(child.pid), ownDir], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // Ctrl-C reaches the whole process group, and must not reach the one who cleans up.
  });
  watchdog.stdin.on("error", () => {});
  const cleaned = new Promise<void>((resolve) => watchdog.once("exit", () => resolve()));
  child.once("exit", () => watchdog.stdin.write("ended\n"));
  for (const one of [child, watchdog]) one.unref();
  for (const pipe of [child.stdout, watchdog.stdin]) (pipe as unknown as Socket).unref();

  const server: RedisServer = {
    host: "127.0.0.1",
    port,
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async kill(signal) {
      child.kill(signal);
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") await exited;
    },
    async stop() {
      child.ref();
      watchdog.ref();
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), 3000);
      await exited;
      clearTimeout(force);
      watchdog.stdin.end();
      await cleaned;
    },
  };
  try {
    await until(() => answers(server, child), `redis-server on port ${port} did not answer`);
    return server;
  } catch (error) {
    await server.stop();
    throw new Error(`${(error as Error).message}${log ? `; it said: ${log.trim()}` : ""}`);
  }
}

async function answers(server: RedisServer, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`redis-server ended with code ${child.exitCode}`);
  const client = respClient(server.url);
  try {
    const [pong, info] = await client.sendAll([["PING"], ["INFO", "server"]]);
    if (pong instanceof RespError) return pong.message.startsWith("NOAUTH");
    // Who took the port before us answers too, but has another process id.
    return text(pong) === "PONG" && text(info).includes(`process_id:${server.pid}\r`);
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/** Asks again until the answer is true; a check that throws ends the wait. */
export async function until(check: () => Promise<boolean>, otherwise: string, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`${otherwise} within ${ms} ms`);
    await sleep(25);
  }
}

/** Below 32768, where no outgoing connection takes a port while its server is being restarted. */
export async function freePort(offsets: number[] = [0]): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(offsets.map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error("found no free port between 11000 and 21000");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
