import { installWithApt, onPath } from "./apt.ts";
import { dockerAnswers } from "./redis-container.ts";

export type RedisSource = { kind: "url"; url: string } | { kind: "binary"; path: string } | { kind: "docker" };

/** Where this run gets Redis from: an existing server, else the first way to start one. */
export async function findRedis(): Promise<RedisSource> {
  const url = process.env.REDIS_URL;
  return url ? { kind: "url", url } : findPrivateRedis();
}

/** A Redis of our own, which a test may stop, kill, flush or start again. */
export async function findPrivateRedis(): Promise<Exclude<RedisSource, { kind: "url" }>> {
  const installed = onPath("redis-server");
  if (installed) return { kind: "binary", path: installed };
  if (await dockerAnswers()) return { kind: "docker" };
  const tried = await installWithApt("redis-server");
  const path = onPath("redis-server");
  if (path) return { kind: "binary", path };
  const own = process.env.REDIS_URL
    ? "This test stops and starts a Redis of its own, for which the server at REDIS_URL cannot be used. "
    : "The tests run against a real Redis and found none. ";
  throw new Error(
    `${own}Provide one of: REDIS_URL (an existing server; for the Cluster tests also REDIS_CLUSTER_URLS), ` +
      "redis-server on PATH, a running Docker engine, " +
      `or root on Debian or Ubuntu, where apt-get installs it. (${tried})`,
  );
}
