/**
 * A world as data. A seed makes one plan, a plan makes one history. What fails is shrunk by taking parts out of its
 * plan. Times are milliseconds of the world's own time; `null` stands for `Infinity`, which JSON does not know.
 */
export interface Plan {
  seed: number;
  /** `kept`: what the guarantees assume holds. `broken`: it is broken on purpose. */
  regime: "kept" | "broken";
  names: string[];
  /** The longest usual way from a client to a server, one way. */
  trip: number;
  servers: ServerPlan[];
  /** What every client gives to `quorum()`, where there is more than one server. */
  quorum?: QuorumPlan;
  clients: ClientPlan[];
  /** What befalls single messages. */
  messages: MessageFault[];
  /** What befalls clients, servers and lines, and when. */
  mishaps: Mishap[];
  /** Where callers contend: all of them fair, some of them, or one busy process against another that waits. */
  contended?: "fair" | "mixed" | "busy";
  /** What befalls the messages that wake who waits in line. */
  wakes?: WakeFault[];
}

export interface ServerPlan {
  offset: number;
  rate: number;
  /** How long it has been running when time begins, milliseconds; very long where it is not said. */
  age?: number;
  /** Does not tell how long: a proxy, or no permission for INFO. */
  mute?: boolean;
}

/** `null`: the default. */
export interface QuorumPlan {
  quorum: number | null;
  timeout: number | null;
  maxTtl: number | null;
}

export interface ClockPlan {
  start: number;
  offset: number;
  rate: number;
  /** Timers are up to so many milliseconds late. */
  late: number;
  /** Clocks stand still between I/O, as in a Worker. */
  frozen: boolean;
}

export interface ClientPlan {
  id: number;
  /** The transport as it is; with scripts sent by their hash; or with compare-and-delete as a command. */
  wire: "plain" | "hashed" | "deletes";
  clock: ClockPlan;
  commandTimeout: number;
  retry: { min: number; max: number };
  /** Whether it hears messages, and whether its callers may wake one another. */
  listens?: boolean;
  shares?: boolean;
  /** What runs side by side in this client, each a row of tasks. */
  programs: Task[][];
}

export type Ending = "release" | "dispose" | "leave" | "throw";

export interface Take {
  do: "acquire" | "try" | "request" | "ifAvailable";
  after: number;
  name: string;
  ttl: number;
  wait: number | null;
  minHold: number;
  maxHold: number;
  fence: boolean;
  fair?: boolean;
  renew: boolean;
  maxAttempts: number | null;
  abortAfter: number | null;
  uses: Use[];
  end: Ending;
}

export interface Restore {
  do: "restore";
  after: number;
  renew: boolean;
  /** Leaves it for another to restore once more: two processes then share one lease. */
  again: boolean;
  uses: Use[];
  end: Ending;
}

export interface Operate {
  do: "force" | "query" | "list";
  after: number;
  name: string;
  fair?: boolean;
}

export interface Close {
  do: "close";
  after: number;
  grace: number;
}

export type Task = Take | Restore | Operate | Close;

/** What is done with a lease. `aside`: without waiting for it. */
export type Use =
  | { do: "sleep"; ms: number }
  | { do: "work"; ms: number }
  | { do: "write"; ms: number }
  | { do: "extend"; ttl: number | null; aside: boolean }
  | { do: "verify"; aside: boolean }
  | { do: "look" }
  | { do: "handOver" };

export const MESSAGE_FAULTS = [
  "delay",
  "drop-request",
  "drop-reply",
  "reset-before",
  "reset-after",
  "duplicate",
  "late-copy",
  "held-back",
  "slow-reply",
  "refused",
  "resent-refused",
  "loading",
  "read-only",
  "out-of-memory",
  "malformed",
] as const;

export interface MessageFault {
  kind: (typeof MESSAGE_FAULTS)[number];
  client: number;
  store: number;
  /** The how-manieth message from this client to this store. */
  message: number;
  ms: number;
  /** Decides between variants of the fault, from 0 to 1. */
  variant: number;
}

export const WAKE_FAULTS = ["wake-lost", "wake-late", "wake-twice", "listen-fails", "listen-late"] as const;

export interface WakeFault {
  kind: (typeof WAKE_FAULTS)[number];
  client: number;
  /** The how-manieth message to this client, or subscription of it. */
  message: number;
  ms: number;
}

/** Mishaps that the guarantees allow for, and those that break what they assume. */
export const ALLOWED = ["pause", "suspend", "crash", "wall-jump", "cut", "restart", "script-flush", "delete"] as const;
export const BREAKING = ["unseen-pause", "restart-empty", "failover", "server-jump", "drift"] as const;

/** Of who waits in line: the connection for messages is gone for a while, and is made again. */
export const WAITING_ALLOWED = ["deaf"] as const;

/** Of one of several servers. A restart without data is then allowed for too, if the servers tell their uptime. */
export const QUORUM_ALLOWED = ["hang", "refuse", "cut-line"] as const;

export interface Mishap {
  kind:
    | (typeof ALLOWED)[number]
    | Exclude<(typeof BREAKING)[number], "drift">
    | (typeof QUORUM_ALLOWED)[number]
    | (typeof WAITING_ALLOWED)[number];
  at: number;
  /** The client or the server that it befalls. */
  whom: number;
  /** The other end of a line. */
  store?: number;
  ms: number;
  /** A jump, a skew, or what else it takes. */
  by: number;
}
