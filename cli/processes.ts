import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/** What is known of a process. */
export interface Process {
  pid: number;
  parent: number;
  group: number;
  session: number;
}

/** All processes that have not ended. Without /proc the session is not known, and counts as one for all. */
export function processes(): Process[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

function fromProc(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!(pid > 0)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The name of the program stands in parentheses, and may contain anything.
      const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" || state === "X") return [];
      return [{ pid, parent: Number(parent), group: Number(group), session: Number(session) }];
    } catch {
      return [];
    }
  });
}

/** What `ps` says, for where there is no /proc. */
export function fromPs(): Process[] {
  const { stdout = "" } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat="], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, group, state = "Z"] = line.trim().split(/\s+/);
    return state.startsWith("Z")
      ? []
      : [{ pid: Number(pid), parent: Number(parent), group: Number(group), session: 0 }];
  });
}

/** Whether a process was started with this variable; false where that cannot be read. */
export function startedWith(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(variable);
  } catch {
    return false;
  }
}

/** Whether what is typed on the terminal reaches us: our group is the one in its foreground. True where unknown. */
export function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return true;
  }
}

/** The session that we are in; 0 where it is not known. */
export function ownSession(): number {
  return processes().find(({ pid }) => pid === process.pid)?.session ?? 0;
}

/** Whether there is a terminal that the command could use, if only as /dev/tty. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return process.stdin.isTTY === true;
  }
}
