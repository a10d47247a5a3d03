import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Lease } from "holdfast";
import { endGroup, inMilliseconds, margin, until } from "./ending.ts";
import { giveBack } from "./give-back.ts";
import { groupOf } from "./group.ts";
import { startGuardian } from "./guard.ts";
import { inForeground, ownSession } from "./processes.ts";
import { everySignal, OF_TERMINAL } from "./signals.ts";

/** The clocks are looked at this often, in milliseconds: while the machine sleeps timers do not run. */
const LOOK = 500;

/** How a command ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it was ended by us, or did its work unprotected: a reason of the library's. */
  lost?: string;
  /** Whether it had ended by then, so that the loss was only found afterwards. */
  late?: boolean;
}

/** What is to be run under a lease. */
export interface Work {
  command: readonly string[];
  /** Milliseconds between TERM and KILL. */
  grace: number;
  /** The ttl that the lease is renewed with. */
  ttl: number;
  /** What giving the lock back may take afterwards, in milliseconds. */
  timeout: number;
  /** Whether the command gets a session and a group of its own. */
  leads: boolean;
  env: NodeJS.ProcessEnv;
  /** What has heard signals so far. */
  interrupted: { ignore(): void };
  /** Hands over what is to be called after each renewal. */
  onRenewed(renewed: () => void): void;
  onLost(reason: string): void;
  onLeftBehind(): void;
  /** The lock could not be given back. */
  onKept(): void;
  onGuardianLost(): void;
}

/** Runs a command for as long as the lease is held. Resolves when nothing of it is left. */
export async function runUnder(lease: Lease, work: Work): Promise<Ended> {
  const { command, grace, ttl, leads, env } = work;
  const reserve = margin(ttl);
  let deadline = inMilliseconds(lease.remaining());
  let lost: string | undefined;
  let ending: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let exited = false;
  /** Whether the user was told of the loss. */
  let told = false;

  // What can fail comes before the command runs: it would run on without the lock.
  const session = leads ? 0 : ownSession();
  const guard = startGuardian(() => work.onGuardianLost());
  const mark = `HOLDFAST_TOKEN=${lease.token}`;
  const guarded = { leads, mark, session, grace, margin: reserve };
  // Before it runs: we may be stopped or killed as soon as it does.
  guard.tell({ command: guarded, deadline });
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: "inherit", detached: leads, env });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, "error");
    guard.tell({ over: true });
    work.interrupted.ignore();
    throw error;
  }
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("exit", (code, by) => resolve([code, by]));
  });
  const group = groupOf({ pid, leads, mark, session });
  guard.tell({ command: { ...guarded, pid } });

  const left = () => until(deadline) - reserve;
  function end(): Promise<boolean> {
    guard.tell({ ending: true });
    ending ??= endGroup(group, grace, left);
    return ending;
  }
  function lose(reason: string): void {
    if (lost !== undefined) return;
    lost = reason;
    if (exited) return;
    told = true;
    work.onLost(reason);
    void end();
  }
  /** So early that the grace is over before the deadline. From then on the guardian may have begun, so there is no way back. */
  function watch(): void {
    clearTimeout(timer);
    if (lost !== undefined || exited) return;
    const rest = left() - grace;
    if (rest <= 0) lose("expired");
    else timer = setTimeout(watch, Math.min(rest, LOOK));
  }
  work.onRenewed(() => {
    watch();
    if (lost !== undefined || !lease.held) return;
    deadline = inMilliseconds(lease.remaining());
    guard.tell({ deadline });
    watch();
  });
  const { signal } = lease;
  const onAbort = () => lose((signal.reason as { reason?: string }).reason ?? "expired");
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  watch();

  const deafen = everySignal(leads, (heard) => {
    if (leads || !OF_TERMINAL.has(heard) || !inForeground()) group.pass(heard);
    // We may have been stopped for long.
    watch();
  });
  // From here on signals are the command's.
  work.interrupted.ignore();
  try {
    const [code, by] = await ended;
    watch();
    exited = true;
    const inTime = lost === undefined && lease.held;
    // Nothing that it has left behind may work on without the lock.
    if (!ending && group.left()) work.onLeftBehind();
    const gone = ending || group.left() ? await end() : true;
    if (!inTime) {
      // What is still ours in Redis protects nobody any more. After its deadline it is nobody's.
      const rest = until(deadline);
      if (gone && rest > 0 && (await giveBack(lease, Math.min(work.timeout, rest))) === undefined) work.onKept();
      return { code, signal: by, lost: lost ?? "expired", late: !told };
    }
    // It was held until the end, unless Redis says that it was not.
    const held = await giveBack(lease, work.timeout);
    if (held === undefined) work.onKept();
    return held === false ? { code, signal: by, lost: lost ?? "deleted", late: true } : { code, signal: by };
  } finally {
    clearTimeout(timer);
    deafen();
    signal.removeEventListener("abort", onAbort);
    guard.tell({ over: true });
  }
}
