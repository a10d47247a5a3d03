/** What would end us, of what a process can listen to: while we wait these mean that nobody waits any more. */
export const ENDING: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
];

/**
 * All that we can listen to and that is for us: not what tells of our own faults, children, writes (PIPE) and profiler
 * (PROF).
 */
export const ALL: readonly NodeJS.Signals[] = [
  ...ENDING,
  ..."SIGCONT SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGWINCH SIGIO SIGPWR SIGSYS".split(" "),
  ..."SIGABRT SIGTRAP SIGSTKFLT".split(" "),
] as NodeJS.Signals[];

/** A terminal sends these to everything in its foreground, the command included, and stops us with it. */
export const OF_TERMINAL: ReadonlySet<string> = new Set("SIGINT SIGQUIT SIGTSTP SIGTTIN SIGTTOU SIGWINCH".split(" "));
/** Of these, those that we do not listen to when the command is in our group: they stop it, and us with it. */
const STOPPING: ReadonlySet<string> = new Set(["SIGTSTP", "SIGTTIN", "SIGTTOU"]);

/** Why a wait ended: a signal. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

function listen(signals: readonly NodeJS.Signals[], heard: (signal: NodeJS.Signals) => void): () => void {
  const listening = signals.filter((signal) => {
    try {
      process.on(signal, heard);
      return true;
    } catch {
      // This platform does not have it.
      return false;
    }
  });
  return () => {
    for (const signal of listening) process.off(signal, heard);
  };
}

/** An abort signal that fires with an `Interrupted` when we are told to end. */
export function interruption(): { signal: AbortSignal; ignore(): void } {
  const controller = new AbortController();
  const ignore = listen(ENDING, (signal) => controller.abort(new Interrupted(signal)));
  return { signal: controller.signal, ignore };
}

/** Hears every signal, until told not to. `leads`: whether the command has a group of its own. */
export function everySignal(leads: boolean, heard: (signal: NodeJS.Signals) => void): () => void {
  return listen(leads ? ALL : ALL.filter((signal) => !STOPPING.has(signal)), heard);
}
