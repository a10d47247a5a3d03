import { constants } from "node:os";

/** How the process is to end. */
export interface Exit {
  code: number;
  /** To be raised on ourselves, as the command ended by it. */
  signal?: NodeJS.Signals;
  /** Whether the code is COMMAND's own. */
  passed?: boolean;
}

/** The exit codes; 1, 2 and 3 are those of redlock-py's command. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  bug: 70,
  lost: 114,
  notExecutable: 126,
  notFound: 127,
} as const;

/** By how much `--distinct-codes` moves 1, 2 and 3. */
export const DISTINCT = 110;

/** What each code means, for the help and the documentation. */
export const MEANINGS: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "done"],
  ["1", "no: the lock is not acquired, not held, no longer yours; doctor found what will not do"],
  ["2", "the command line is wrong; nothing was sent to Redis"],
  ["3", "Redis was not reached, refused, or gave no usable answer"],
  ["70", "a bug in holdfast"],
  ["111, 112, 113", "run --distinct-codes: instead of 1, 2, 3"],
  ["114", "run: the lock was lost, COMMAND was ended, or did its work unprotected"],
  ["126", "run: COMMAND cannot be executed"],
  ["127", "run: there is no such COMMAND"],
];

/** An end that was foreseen, with what to tell the user. */
export class Stop extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function usage(message: string): Stop {
  return new Stop(EXIT.usage, message);
}

/** Signals that would make us dump core as well, where only the command's is of use. */
const DUMPS = new Set("SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGSEGV SIGXCPU SIGXFSZ SIGSYS".split(" "));

/** Ended by a signal: as shells say it, and by the signal itself where that does no harm. */
export function bySignal(signal: NodeJS.Signals): Exit {
  const code = 128 + constants.signals[signal];
  return DUMPS.has(signal) ? { code, passed: true } : { code, signal, passed: true };
}
