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
  /** Whether something has left it whose parent is still a member: the command of a `run` inside of this one, maybe. */
  hasStrays(): boolean;
}

/** Adds to these all that they have started, as far as it is in the list. */
function addDescendants(found: Set<number>, list: readonly Process[]): Set<number> {
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const one of list) if (found.has(one.parent)) found.add(one.pid);
  }
  return found;
}

export function groupOf({ pid, leads, mark, session }: Membership): Group {
  function members(): Process[] {
    const all = processes();
    if (leads) return all.filter((one) => one.group === pid || one.session === pid);
    const mine = all.filter((one) => one.session === session);
    const found = addDescendants(new Set([pid]), mine);
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
    hasStrays() {
      const inside = new Set(members().map((one) => one.pid));
      return addDescendants(new Set(inside), processes()).size > inside.size;
    },
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or has become another user's, and is out of our reach.
  }
}
