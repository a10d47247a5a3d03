import type { Source } from "./connection.ts";

export const USAGE = `Several contenders on one lock: one of them crashes, one is paused past its ttl.

usage: npm run demo [-- options]

  --redis [url]   over a real Redis, each contender a process of its own
                  (the address from REDIS_URL, if none is given here)
  --upstash       over the Upstash REST API, each contender a process of its own
                  (UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN)
  --memory        in one process, without Redis
  --name <name>   the name of the lock, by default a new one for each run
  --help          this text

Without options: over Redis if REDIS_URL is set, else in memory.`;

export interface Choice {
  source: Source | { kind: "memory" };
  name: string;
}

/** What the command line cannot mean. */
export class UsageError extends Error {}

/** @returns `undefined` if help is asked for. */
export function readArguments(args: readonly string[], env: NodeJS.ProcessEnv, fresh: string): Choice | undefined {
  const sources: Choice["source"][] = [];
  let name = fresh;
  const left = args.flatMap((arg) =>
    /^--\w+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg],
  );
  const value = () => (left[0] === undefined || left[0].startsWith("-") ? undefined : left.shift());
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === "--help" || arg === "-h") return undefined;
    if (arg === "--memory") sources.push({ kind: "memory" });
    else if (arg === "--upstash") sources.push(rest(env));
    else if (arg === "--redis") sources.push(redis(value() ?? env.REDIS_URL, "--redis needs an address, or REDIS_URL"));
    else if (arg === "--name") name = value() || refuse("--name needs a name");
    else refuse(arg.startsWith("-") ? `There is no option ${arg}` : "Only options are expected");
  }
  if (sources.length > 1) refuse("Choose one of --redis, --upstash and --memory");
  return { name, source: sources[0] ?? (env.REDIS_URL ? redis(env.REDIS_URL, "") : { kind: "memory" }) };
}

function redis(url: string | undefined, missing: string): Source {
  if (!url) return refuse(missing);
  if (!/^rediss?:$/.test(URL.parse(url)?.protocol ?? ""))
    refuse("The address of Redis looks like redis://localhost:6379");
  return { kind: "redis", url };
}

function rest({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: NodeJS.ProcessEnv): Source {
  if (!url || !token) refuse("--upstash needs UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN");
  return { kind: "upstash" };
}

function refuse(message: string): never {
  throw new UsageError(`${message}.`);
}
