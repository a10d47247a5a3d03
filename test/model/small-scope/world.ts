/** One name on one server, its clients, and what is on its way between them. Plain data: a state is its own key. */
export interface World {
  /** Milliseconds, for everybody: what clocks do is the simulation's subject. */
  now: number;
  lock: Stored | null;
  record: Stored | null;
  clients: Client[];
  requests: Request[];
  replies: Reply[];
  /** Writes that a holder has begun and that have yet to reach the resource. */
  writes: Write[];
  resource: { fence: number; by: string };
  /** What the server granted so far, in order. */
  grants: Grant[];
  /** Tokens whose release was executed, and those whose key has been there and is no longer. */
  released: string[];
  ended: string[];
}

export interface Stored {
  value: string;
  expires: number;
}

export interface Client {
  phase: "asking" | "holding" | "idle" | "crashed";
  token: string;
  /** Until when it believes that it holds. */
  deadline: number;
  fence: number;
  /** Tokens it may still take, extends and writes it may still send. */
  tries: number;
  extends: number;
  writes: number;
}

export type Kind = "acquire" | "extend" | "release" | "look" | "force";

export interface Request {
  kind: Kind;
  from: number;
  token: string;
  args: string[];
  sentAt: number;
  /** A copy of a request that was executed already. */
  again: boolean;
}

export interface Reply {
  kind: Kind;
  to: number;
  token: string;
  sentAt: number;
  outcome: string;
  left: number;
  fence: number;
  /** What is stored, to whoever looks. */
  value: string;
}

export interface Write {
  token: string;
  fence: number;
}

export interface Grant {
  token: string;
  fence: number;
}

/** One tick can be lost on the way and leaves a rest; two are beyond the ttl. */
export const TICK = 1000;
export const TTL = 1500;

/** What one exploration consists of: how many clients, and what they may do. */
export interface Scope {
  clients: number;
  steps: number;
  /** Tokens for each client. @default 1 */
  tries?: number;
  /** Extends for each client, the second one for twice the time. @default 0 */
  extends?: number;
  /** Writes for each client to a resource that refuses smaller fences. @default 0 */
  writes?: number;
  /** Milliseconds for which a released name is kept. @default 0 */
  minHold?: number;
  /** Whether an operator forces the lock free, once. @default false */
  operator?: boolean;
  /**
   * Whether to take the steps in which something is lost for good: a request, an answer, a client. Without them it is
   * never delivered, or never acts, in some of the histories, which says the same with fewer steps.
   *
   * @default false
   */
  losses?: boolean;
}

/** The operator comes after the clients. */
export const tokenOf = (client: number, nth: number): string => `t${client}${nth}${"-".repeat(20)}`;

export function start(scope: Scope): World {
  const tries = scope.tries ?? 1;
  const client = (_: unknown, index: number): Client => ({
    phase: "asking",
    token: tokenOf(index, 0),
    deadline: 0,
    fence: 0,
    tries: tries - 1,
    extends: scope.extends ?? 0,
    writes: scope.writes ?? 0,
  });
  const clients = Array.from({ length: scope.clients }, client);
  const requests = clients.map(({ token }, from) => ask(token, from, 0));
  if (scope.operator) {
    const token = tokenOf(clients.length, 0);
    clients.push({ phase: "idle", token, deadline: 0, fence: 0, tries: 0, extends: 0, writes: 0 });
    requests.push({ kind: "look", from: clients.length - 1, token, args: ["1"], sentAt: 0, again: false });
  }
  return {
    now: 0,
    lock: null,
    record: null,
    clients,
    requests,
    replies: [],
    writes: [],
    resource: { fence: 0, by: "" },
    grants: [],
    released: [],
    ended: [],
  };
}

/** The record outlives everything here. */
const LIFE = "3600000";

export function ask(token: string, from: number, sentAt: number): Request {
  return { kind: "acquire", from, token, args: [token, String(TTL), LIFE, ""], sentAt, again: false };
}

export function giveBack(token: string, from: number, sentAt: number, rest: number): Request {
  return { kind: "release", from, token, args: [token, String(rest), LIFE], sentAt, again: false };
}

export function takeOver(token: string, from: number, sentAt: number, expected: string): Request {
  return { kind: "force", from, token, args: [token, String(TTL), LIFE, expected], sentAt, again: false };
}

export function believes(world: World, { phase, deadline }: Client): boolean {
  return phase === "holding" && world.now < deadline;
}
