import { type Process, processes, startedWith } from "./processes.ts";

/** Which processes are the command's. */
export interface Membership {
  /** The command. */
  pid: number;
  /** Whether it leads a session and a group of its own; otherwise it is in the group of whoever started us. */
  leads: boolean;
  /** What is in the environment of everything that it starts. */
  mark: string;
  /** The session it is in if it does not lead one, and who is not the command's: we, and what we work with. */
  session: number;
}

/** The command, and what it has started and not let go. */
export interface Group {
  /** As a terminal would: to the group. */
  pass(signal: NodeJS.Signals): void;
  /** To every member. */
  send(signal: NodeJS.Signals): void;
  /** Whether any member is left. */
  left(): boolean;
}

export function groupOf({ pid, leads, mark, session }: Membership): Group {
  function members(): Process[] {
    const all = processes();
    if (leads) return all.filter((one) => one.group === pid || one.session === pid);
    const found = new Set([pid]);
    const mine = all.filter((one) => one.session === session);
    for (let before = 0; before < found.size; ) {
      before = found.size;
      for (const one of mine) if (found.has(one.parent)) found.add(one.pid);
    }
    // What lost its parent is known by what it was started with.
    return mine.filter((one) => one.pid !== process.pid && (found.has(one.pid) || startedWith(one.pid, mark)));
  }

  const send = (signal: NodeJS.Signals) => {
    if (leads) kill(-pid, signal);
    for (const one of members()) if (!leads || one.group !== pid) kill(one.pid, signal);
  };
  return {
    pass: (signal) => (leads ? kill(-pid, signal) : send(signal)),
    send,
    left: () => members().length > 0,
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or has become another user's, and is out of our reach.
  }
}
