import { createHash } from "node:crypto";
import { RespError, type RespReply } from "./resp.ts";

export interface DialectOptions {
  /** Whether `#!lua flags=allow-key-locking` is known, as on Upstash, or refused, as by Redis. @default "accept" */
  keyLocking?: "accept" | "refuse";
  /** Whether `DELEX key IFEQ value` is known. @default true */
  delex?: boolean;
}

/** What Upstash understands and Redis 7 does not, put into words that Redis understands. */
export interface Dialect {
  toRedis(command: string[]): string[] | RespError;
  fromRedis(command: string[], reply: RespReply): RespReply;
  /** How many more commands Redis counts for this one than Upstash bills. */
  surplus(command: string[], reply: RespReply): number;
}

const COMPARE_AND_DELETE =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

// On the one connection behind the server they would change the meaning of everybody's next command.
const UNAVAILABLE = new Set(
  (
    "AUTH BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN CLIENT DISCARD EXEC HELLO MONITOR MULTI " +
    "PSUBSCRIBE QUIT RESET SELECT SSUBSCRIBE SUBSCRIBE UNWATCH WAIT WATCH"
  ).split(" "),
);

export function upstashDialect({ keyLocking = "accept", delex = true }: DialectOptions): Dialect {
  // A client hashes the script that it sent, Redis the one that it received.
  const received = new Map<string, string>();

  function strip(script: string): string {
    if (keyLocking === "refuse") return script;
    const stripped = withoutKeyLocking(script);
    if (stripped !== script) received.set(sha1(script), sha1(stripped));
    return stripped;
  }

  return {
    toRedis(command) {
      const [first = "", second = "", third = "", ...rest] = command;
      switch (nameOf(command)) {
        case "EVAL":
        case "EVAL_RO":
          return [first, strip(second), ...command.slice(2)];
        case "EVALSHA":
        case "EVALSHA_RO":
          return [first, received.get(second.toLowerCase()) ?? second, ...command.slice(2)];
        case "SCRIPT":
          if (isScriptLoad(command)) return [first, second, strip(third)];
          return command.map((part) => received.get(part.toLowerCase()) ?? part);
        case "DELEX":
          if (!delex) return unknownCommand(command);
          if (!isCompareAndDelete(command)) return command;
          return ["EVAL", COMPARE_AND_DELETE, "1", second, rest[0] as string];
        default:
          if (!UNAVAILABLE.has(nameOf(command))) return command;
          return new RespError(
            `ERR Command is not available: '${first}'. See https://upstash.com/docs/redis/overall/compatibility for details`,
          );
      }
    },
    fromRedis(command, reply) {
      return isScriptLoad(command) && reply instanceof Buffer ? Buffer.from(sha1(command[2] ?? "")) : reply;
    },
    surplus(command, reply) {
      if (!delex || !isCompareAndDelete(command)) return 0;
      return reply === 1 ? 2 : 1;
    },
  };
}

const nameOf = (command: string[]) => (command[0] ?? "").toUpperCase();
const sha1 = (script: string) => createHash("sha1").update(script).digest("hex");

const isScriptLoad = (command: string[]) => nameOf(command) === "SCRIPT" && command[1]?.toUpperCase() === "LOAD";

const isCompareAndDelete = (command: string[]) =>
  nameOf(command) === "DELEX" && command.length === 4 && command[2]?.toUpperCase() === "IFEQ";

/** The script without the flag; its lines keep their numbers, which Redis names in errors. */
function withoutKeyLocking(script: string): string {
  const shebang = /^#!lua\b([^\n]*)/.exec(script);
  const flags = /\bflags=(\S*)/.exec(shebang?.[1] ?? "")?.[1]?.split(",") ?? [];
  if (!shebang || !flags.includes("allow-key-locking")) return script;
  const others = flags.filter((flag) => flag !== "allow-key-locking").join(",");
  return (others ? `#!lua flags=${others}` : "") + script.slice(shebang[0].length);
}

function unknownCommand([name, ...args]: string[]): RespError {
  const shown = args.map((arg) => `'${arg}' `).join("");
  return new RespError(`ERR unknown command '${name}', with args beginning with: ${shown}`);
}
