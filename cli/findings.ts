import { duration } from "./say.ts";

/** What doctor found out about one thing. */
export interface Finding {
  check: string;
  /** `fail`: locks will not work. `warn`: a promise does not hold. `note`: good to know, or could not be seen. */
  status: "ok" | "note" | "warn" | "fail";
  found: string;
  /** What to do about it. */
  advice?: string;
}

/** The lines of INFO. */
export type Info = ReadonlyMap<string, string>;

export function parseInfo(text: unknown): Info {
  return new Map([...String(text).matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

const LEAST = [6, 2] as const;
const FENCE = "Check fences at the resource, or use a quorum of independent servers";

export function version(info: Info): Finding {
  const check = "version";
  const name = info.has("valkey_version") ? "Valkey" : "Redis";
  const said = info.get("valkey_version") ?? info.get("redis_version");
  if (!said) return { check, status: "note", found: "the server does not tell its version" };
  const [major = 0, minor = 0] = said.split(".").map(Number);
  const enough = name === "Valkey" || major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  if (enough) return { check, status: "ok", found: `${name} ${said}` };
  return {
    check,
    status: "fail",
    found: `${name} ${said} is too old`,
    advice: `Upgrade to ${LEAST.join(".")} or later`,
  };
}

export function eviction(info: Info): Finding {
  const check = "eviction";
  const policy = info.get("maxmemory_policy");
  const limit = Number(info.get("maxmemory") ?? 0);
  if (!policy) return { check, status: "note", found: "the server does not tell its eviction policy" };
  if (policy === "noeviction") {
    return { check, status: "ok", found: "noeviction: when memory is full, locks are refused and not forgotten" };
  }
  const when = limit > 0 ? `at ${Math.round(limit / 1e6)} MB` : "if maxmemory is ever set (it is not now)";
  const found = `${policy}: ${when} Redis throws keys away, locks among them, and lets a second holder in`;
  return { check, status: "warn", found, advice: "CONFIG SET maxmemory-policy noeviction, or a Redis for locks alone" };
}

export function memory(info: Info): Finding | undefined {
  const limit = Number(info.get("maxmemory") ?? 0);
  const used = Number(info.get("used_memory") ?? 0);
  if (limit === 0 || used < limit * 0.9) return undefined;
  const found = `${Math.round((used / limit) * 100)} % of maxmemory is used`;
  return { check: "memory", status: "warn", found, advice: "Free some memory, or raise maxmemory" };
}

/** `settings`: of CONFIG GET, where that is allowed. */
export function persistence(info: Info, settings: Info): Finding {
  const check = "persistence";
  const failing = info.get("rdb_last_bgsave_status") === "err" || info.get("aof_last_write_status") === "err";
  if (failing) {
    return {
      check,
      status: "fail",
      found: "the last write to disk failed; Redis may refuse to write",
      advice: "Look at the server's log and disk",
    };
  }
  const advice = "After a restart wait one ttl before anything takes a lock; a quorum does that by itself";
  if (info.get("aof_enabled") === "1") {
    const fsync = settings.get("appendfsync");
    if (fsync === "always") return { check, status: "ok", found: "every write is on disk before it is answered" };
    const lost = fsync === "no" ? "what the system has not written yet" : "up to a second of locks";
    return {
      check,
      status: "note",
      found: `append-only file, ${fsync ?? "fsync unknown"}: a crash may forget ${lost}`,
      advice,
    };
  }
  if (!info.has("aof_enabled"))
    return { check, status: "note", found: "the server does not tell what it keeps on disk" };
  const save = settings.get("save");
  const found =
    save === ""
      ? "none: a restart forgets every lock, also those that are held"
      : `${save === undefined ? "no append-only file" : "snapshots only"}: a restart forgets every lock since the last one`;
  return { check, status: "warn", found, advice };
}

export function replication(info: Info): Finding {
  const check = "replicas";
  if (info.get("role") === "slave") {
    const master = `${info.get("master_host")}:${info.get("master_port")}`;
    return { check, status: "fail", found: `this is a replica of ${master}`, advice: "Connect to the master" };
  }
  const count = Number(info.get("connected_slaves") ?? Number.NaN);
  if (Number.isNaN(count)) return { check, status: "note", found: "the server does not tell of replicas" };
  if (count === 0) return { check, status: "ok", found: "none: no failover can lose a lock" };
  const found = `${count}: they lag behind, so a failover may lose a lock and let a second holder in`;
  return { check, status: "warn", found, advice: FENCE };
}

export function cluster(info: Info): Finding | undefined {
  if (info.get("cluster_enabled") !== "1") return undefined;
  const found = "this is a node of a Cluster; the command speaks to this node, which has a part of the names";
  return { check: "cluster", status: "warn", found, advice: "In programs use a Cluster client; here another Redis" };
}

export function age(info: Info, ttl: number): Finding | undefined {
  const uptime = Number(info.get("uptime_in_seconds") ?? Number.NaN) * 1000;
  if (!(uptime < ttl)) return undefined;
  const found = `it was started ${duration(uptime)} ago, less than one ttl: it may have forgotten locks that are still held`;
  return { check: "uptime", status: "note", found, advice: "Wait one ttl; a quorum leaves it out for so long" };
}

/** `ahead`: milliseconds that the server's clock is before ours, give or take half a round trip. */
export function clock(ahead: number, trip: number): Finding {
  const check = "clock";
  const size = Math.abs(ahead);
  const direction = ahead > 0 ? "ahead of" : "behind";
  const found = `the server's is ${duration(size)} ${direction} ours, give or take ${duration(Math.max(1, trip / 2))}`;
  if (size < 1000 + trip) return { check, status: "ok", found };
  const advice = "No lease depends on it, but fences of another server would: let NTP set both clocks";
  return { check, status: "warn", found, advice };
}

export function roundTrip(trips: readonly number[], ttl: number): Finding {
  const sorted = [...trips].sort((a, b) => a - b);
  const [middle = 0, slowest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const found = `${middle.toFixed(1)} ms, the slowest of ${sorted.length} ${slowest.toFixed(1)} ms`;
  if (slowest < ttl / 10) return { check: "round trip", status: "ok", found };
  return {
    check: "round trip",
    status: "warn",
    found,
    advice: `Too slow for a ttl of ${duration(ttl)}: take a longer one`,
  };
}
