import { usage } from "./exits.ts";

/** Where a Redis is, and what may be shown of that. */
export interface Server {
  kind: "tcp" | "rest";
  url: string;
  /** For REST. */
  token?: string;
  /** The address without credentials. */
  label: string;
  /** Where the address came from: `--redis`, a variable, the default. */
  from: string;
  /** What must not be shown. */
  secrets: string[];
}

const NEAREST = "redis://127.0.0.1:6379";

/** The servers of the command line, or else those of the environment, or else the one on this machine. */
export function serversOf(given: readonly string[], env: NodeJS.ProcessEnv): Server[] {
  const servers = chosen(given, env);
  const twice = servers.find(({ label }, index) => servers.findIndex((other) => other.label === label) !== index);
  if (twice) throw usage(`${twice.label} is there twice: in a quorum it would have two votes.`);
  return servers;
}

function chosen(given: readonly string[], env: NodeJS.ProcessEnv): Server[] {
  if (given.length > 0) return given.map((url) => read(url, "--redis", env));
  const several = env.REDIS_URL?.split(/\s+/).filter(Boolean) ?? [];
  if (several.length > 0) return several.map((url) => read(url, "REDIS_URL", env));
  if (env.UPSTASH_REDIS_REST_URL) return [read(env.UPSTASH_REDIS_REST_URL, "UPSTASH_REDIS_REST_URL", env)];
  return [read(NEAREST, "the default", env)];
}

/** Says nothing of an address that it cannot read: it may be a password. */
function read(address: string, from: string, env: NodeJS.ProcessEnv): Server {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw usage(`${from} has no address in it that can be read: redis://host:port, rediss://… or https://… (Upstash).`);
  }
  const { protocol, host, pathname } = url;
  const secrets = [url.password, decode(url.password), url.username && !url.password ? url.username : ""];
  const label = `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
  if (protocol === "redis:" || protocol === "rediss:") {
    return { kind: "tcp", url: address, label, from, secrets: secrets.filter(Boolean) };
  }
  if (protocol !== "https:" && protocol !== "http:") {
    throw usage(`${from} has an address of ${protocol} in it: expected redis:, rediss:, or https: (Upstash).`);
  }
  if (protocol === "http:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) {
    throw usage(`${label} would show the token to the network: use https:.`);
  }
  const token = decode(url.password || url.username) || env.UPSTASH_REDIS_REST_TOKEN;
  if (!token) throw usage(`${label} needs a token: https://:TOKEN@host, or UPSTASH_REDIS_REST_TOKEN.`);
  url.username = url.password = "";
  return {
    kind: "rest",
    url: url.href.replace(/\/$/, ""),
    token,
    label,
    from,
    secrets: [...secrets, token].filter(Boolean),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A text without the secrets of these servers. */
export function scrub(text: string, servers: readonly Server[]): string {
  const secrets = servers.flatMap((server) => server.secrets).sort((a, b) => b.length - a.length);
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, "<secret>"), text);
}
