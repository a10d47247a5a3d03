import { hostname } from "node:os";
import type { Lease, LockEvent } from "holdfast";
import { runUnder } from "./child.ts";
import { bySignal, EXIT, type Exit, Stop, usage } from "./exits.ts";
import { giveBack } from "./give-back.ts";
import { hasTerminal } from "./processes.ts";
import { duration as forPeople, shown } from "./say.ts";
import type { Common, Session } from "./session.ts";
import { duration, inSession, milliseconds } from "./session.ts";
import { Interrupted, interruption } from "./signals.ts";

/** The options of `run`, as they are given. */
export interface RunOptions {
  ttl: string;
  wait: string;
  grace?: string;
  maxHold: string;
  minHold: string;
  owner?: string;
  fence: boolean;
  foreground?: boolean;
}

const DAY = 86_400_000;

export async function run(common: Common, name: string, command: string[], options: RunOptions): Promise<Exit> {
  if (process.platform === "win32") throw usage("run needs process groups and signals, which Windows does not have.");
  return inSession(common, (session) => runIn(session, name, command, options));
}

function graceOf({ grace }: RunOptions, ttl: number): number {
  if (grace === undefined) return Math.min(5000, ttl / 4);
  const ms = milliseconds("--grace", grace, 0, DAY);
  if (ms > ttl / 2)
    throw usage(`--grace is more than half of the ttl of ${ttl} ms: no time would be left for renewals.`);
  return ms;
}

async function runIn(session: Session, name: string, command: string[], options: RunOptions): Promise<Exit> {
  const { say } = session;
  const minHold = milliseconds("--min-hold", options.minHold, 0, DAY);
  const ttl = Math.max(milliseconds("--ttl", options.ttl, 20, DAY), minHold);
  const grace = graceOf(options, ttl);
  const title = shown(name);
  let renewed = () => {};

  function onEvent({ type }: LockEvent): void {
    if (type === "renewed") renewed();
    if (type !== "waiting") return;
    if (Number.parseFloat(options.wait) === 0) say.event(`${title} is held by another`, { event: "held", name });
    else say.event(`${title} is held by another; waiting (--wait ${options.wait})`, { event: "waiting", name });
  }
  const locks = await session.open(
    {
      ttl: duration(options.ttl),
      wait: duration(options.wait),
      maxHold: duration(options.maxHold),
      minHold,
      owner: options.owner ?? `${hostname()}:${process.pid}`,
      fence: options.fence,
      renew: true,
      onEvent,
    },
    [name],
  );

  const interrupted = interruption();
  let lease: Lease;
  try {
    lease = await locks.acquire(name, { signal: interrupted.signal });
    if (interrupted.signal.aborted) {
      if ((await giveBack(lease, session.timeout)) === undefined) session.leave(name);
      throw interrupted.signal.reason;
    }
  } catch (error) {
    interrupted.ignore();
    if (!(error instanceof Interrupted)) throw error;
    say.event(`no longer waiting for ${title}: ${error.message}`, { event: "interrupted", name, signal: error.signal });
    return bySignal(error.signal);
  }

  const { token, expiresAt } = lease;
  const fence = options.fence ? lease.fence : undefined;
  if (say.json) say.event("", { event: "acquired", name, fence, expiresAt });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOLDFAST_NAME: name,
    HOLDFAST_TOKEN: token,
    HOLDFAST_FENCE: fence?.toString(),
    HOLDFAST_EXPIRES_AT: String(expiresAt),
  };
  const ended = await runUnder(lease, {
    command,
    grace,
    ttl,
    timeout: session.timeout,
    leads: !(options.foreground || hasTerminal()),
    env,
    interrupted,
    onRenewed: (listener) => {
      renewed = listener;
    },
    onLost: (reason) => {
      const within = `${forPeople(grace)}, and before the ttl is over`;
      say.error(`the lock ${title} is lost: ${WHY[reason] ?? reason}; ending the command within ${within}`, EXIT.lost);
    },
    onLeftBehind: () => say.note(`ending what the command has left behind, within ${forPeople(grace)}`),
    onKept: () => session.leave(name),
    onGuardianLost: () => say.note("the guardian has ended: if this process is killed, the command will go on"),
  }).catch(async (error: NodeJS.ErrnoException) => {
    if ((await giveBack(lease, session.timeout)) === undefined) session.leave(name);
    if (error.syscall?.startsWith("spawn") !== true) throw error;
    const missing = error.code === "ENOENT";
    const text = missing ? "there is no such command" : `cannot be executed (${error.code})`;
    throw new Stop(missing ? EXIT.notFound : EXIT.notExecutable, `${shown(command[0] ?? "")}: ${text}`);
  });

  const { code, signal, lost, late } = ended;
  if (say.json) say.event("", { event: "ended", name, code, signal, lost });
  if (lost !== undefined) {
    const how = signal ?? `code ${code}`;
    if (late) {
      say.error(
        `the command ended (${how}), but the lock ${title} was lost before: its work was unprotected`,
        EXIT.lost,
      );
    }
    return { code: EXIT.lost };
  }
  return signal ? bySignal(signal) : { code: code ?? EXIT.bug, passed: true };
}

const NOT_RENEWED = "it was not renewed in time: Redis did not answer, or this machine was busy or asleep";

const WHY: Readonly<Record<string, string>> = {
  expired: NOT_RENEWED,
  unreachable: NOT_RENEWED,
  deleted: "its key was deleted",
  taken: "another has it",
  "max-hold": "it was held for as long as --max-hold allows",
};
