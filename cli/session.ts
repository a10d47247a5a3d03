import { setTimeout as sleep } from "node:timers/promises";
import type { LockEvent, Locks, LocksOptions, Transport } from "holdfast";
import { createLocks, isLockError } from "holdfast";
import { quorum } from "holdfast/quorum";
import type { Connection } from "./connection.ts";
import { connect } from "./connection.ts";
import { EXIT, type Exit, Stop } from "./exits.ts";
import type { Say } from "./say.ts";
import { shown, speaker } from "./say.ts";
import { type Server, scrub, serversOf } from "./servers.ts";

/** The options that every subcommand takes. */
export interface Common {
  redis: string[];
  prefix: string;
  timeout: string;
  json?: boolean;
  quiet?: boolean;
}

/** What a subcommand works with. */
export interface Session {
  say: Say;
  servers: Server[];
  /** The limit on any one command, in milliseconds. */
  timeout: number;
  /** Checks options and names, then connects. Throws when that is impossible, or too few of several can be reached. */
  open(options: LocksOptions, names?: readonly string[]): Promise<Locks>;
  /** Connects without a judgement. */
  connections(): Promise<Connection[]>;
  /** A text without secrets. */
  clean(text: string): string;
  /** A lock could not be given back: says so, and lets `close` wait for nothing. */
  leave(name: string): void;
  close(): Promise<void>;
}

/** What the others of a quorum are given once a majority is there, in milliseconds. */
const STRAGGLERS = 200;

/** Where options are checked before anything is sent. */
const NOWHERE: Transport = { set: async () => null, eval: async () => null };

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration of the command line, as the library takes it: digits alone are milliseconds. */
export function duration(text: string): number | string {
  if (/^(forever|infinity)$/i.test(text)) return Infinity;
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** The same in milliseconds, for what the library does not see. */
export function milliseconds(what: string, text: string, min: number, max: number): number {
  const [, digits = "", unit = "ms"] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = digits ? Math.round(Number(digits) * (UNITS[unit] as number)) : Number.NaN;
  if (ms >= min && ms <= max) return ms;
  throw new Stop(
    EXIT.usage,
    `${what} is ${JSON.stringify(text)}: expected "250ms", "30s", "5m", "1h", from ${min} to ${max} ms.`,
  );
}

async function ready(connections: readonly Connection[], clean: (text: string) => string): Promise<void> {
  const majority = Math.floor(connections.length / 2) + 1;
  const reasons: string[] = [];
  await new Promise<void>((resolve, reject) => {
    let there = 0;
    let open = connections.length;
    const settled = () => {
      open--;
      if (there + open < majority) reject(new Stop(EXIT.unreachable, reasons.join("\n")));
      else if (open === 0) resolve();
      else if (there >= majority) void sleep(STRAGGLERS, undefined, { ref: true }).then(resolve);
    };
    for (const { server, ready } of connections) {
      ready().then(
        () => {
          there++;
          settled();
        },
        (error: Error) => {
          reasons.push(
            `${server.label} (from ${server.from}) cannot be reached: ${clean(said(error))}. ${hint(error)}`,
          );
          settled();
        },
      );
    }
  });
}

/** An error of several attempts, one an address, has no message of its own. */
export function said(error: Error & { errors?: Error[] }): string {
  const { message, errors, cause, name } = error;
  const text = message || errors?.map((each) => each.message).join(", ") || name;
  return (cause instanceof Error && cause.message ? `${text}: ${cause.message}` : text).replace(/\.$/, "");
}

function hint(error: Error): string {
  if (/NOAUTH|WRONGPASS|Unauthorized/i.test(said(error))) return "Check the password or token.";
  return "Is it running there, and is the address right? (--redis, REDIS_URL)";
}

export function openSession(common: Common, env: NodeJS.ProcessEnv = process.env): Session {
  const say = speaker(common);
  const servers = serversOf(common.redis, env);
  const timeout = milliseconds("--timeout", common.timeout, 1, 86_400_000);
  const clean = (text: string) => scrub(text, servers);
  let opened: Connection[] = [];
  let locks: Locks | undefined;
  let abandoned = false;
  let granted = false;
  /** What may have been granted and could not be given back. */
  const uncertain = new Set<string>();

  const free = "could not be given back (Redis did not answer, or refused): it is free when its ttl is over";
  function note({ type, during, name }: LockEvent): void {
    granted ||= type === "acquired";
    // Of a quorum one server that is away does not matter.
    if (during === "clean-up" && servers.length === 1) uncertain.add(name);
  }

  const session: Session = {
    say,
    servers,
    timeout,
    clean,
    leave(name) {
      abandoned = true;
      say.note(`${shown(name)} ${free}`);
    },
    async connections() {
      opened = await Promise.all(servers.map((server) => connect(server, timeout)));
      return opened;
    },
    async open(given, names = []) {
      const options = { prefix: common.prefix, commandTimeout: timeout, ...given };
      const checked = createLocks(NOWHERE, options);
      for (const name of names) checked.wrap(() => {}, { name });
      await ready(await session.connections(), clean);
      const transports = opened.map(({ transport }) => transport);
      const [first] = transports;
      const over = first && transports.length === 1 ? first : quorum(transports);
      locks = createLocks(over, {
        ...options,
        onEvent(event) {
          note(event);
          given.onEvent?.(event);
        },
      });
      return locks;
    },
    async close() {
      const closed = locks?.close().catch(() => {});
      if (!abandoned) await closed;
      // What was given up right now is told of right after.
      await sleep(0);
      for (const name of granted ? [] : uncertain) say.note(`what may have been granted of ${shown(name)} ${free}`);
      for (const connection of opened) connection.close();
    },
  };
  return session;
}

/** Runs a subcommand, and turns what it throws into what the user is told and an exit code. */
export async function inSession(common: Common, use: (session: Session) => Promise<Exit>): Promise<Exit> {
  let session: Session | undefined;
  try {
    session = openSession(common);
    return await use(session);
  } catch (error) {
    const { code, message } = explained(error);
    const say = speaker(common);
    // Nobody asked for a lock and did not get it: that is an answer, which --quiet is about.
    if (code !== EXIT.refused || !say.quiet)
      say.error(shown(session ? session.clean(message) : message).replaceAll("\\u000a", "\n"), code);
    return { code };
  } finally {
    await session?.close().catch(() => {});
  }
}

function explained(error: unknown): { code: number; message: string } {
  if (error instanceof Stop) return error;
  if (isLockError(error)) {
    const { code, message } = error;
    if (code === "TIMEOUT" || code === "LOST") return { code: EXIT.refused, message };
    if (code === "OPTIONS") return { code: EXIT.usage, message };
    return { code: EXIT.unreachable, message };
  }
  return { code: EXIT.bug, message: `${error instanceof Error ? (error.stack ?? error.message) : error}` };
}
