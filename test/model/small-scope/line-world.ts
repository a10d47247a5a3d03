/** One name on one server, callers who contend for it, and what is on its way. Plain data: a state is its own key. */
export interface LineWorld {
  now: number;
  /** What the server has, by key. */
  stored: Record<string, { value: string; expires: number }>;
  callers: Caller[];
  requests: LineRequest[];
  replies: LineReply[];
  messages: { who: string; id: string; fence: number }[];
  /** By who: what they were answered last, and before the fence changed. */
  answers: Record<string, { sentAt: number; fence: number }[]>;
  /** Who stands in line as far as the server said, in that order, and by who when their places lapse. */
  seats: { token: string; who: string; lapsed: boolean }[];
  lapses: Record<string, number>;
  grants: { token: string; fence: number }[];
  released: string[];
}

export interface Caller {
  phase: "waiting" | "holding" | "idle";
  token: string;
  who: string;
  deadline: number;
  stood: boolean;
  /** Tokens it may still take, and extends that it may still send. */
  tries: number;
  extends: number;
}

export type LineKind = "join" | "acquire" | "pass" | "release" | "hand" | "extend";

export interface LineRequest {
  kind: LineKind;
  from: number;
  token: string;
  args: string[];
  sentAt: number;
  again: boolean;
}

export interface LineReply extends Omit<LineRequest, "args" | "again"> {
  outcome: string;
  left: number;
  fence: number;
  /** Whom a release may have handed the lock. */
  other: string;
}

export interface LineScope {
  callers: number;
  steps: number;
  /** Tokens for each caller. @default 1 */
  tries?: number;
  /** Extends for each caller. @default 0 */
  extends?: number;
  /** Of which process each is: those of one are kept alive in line together. @default each of its own */
  who?: string[];
  /** `fair`: they stand in line. `local`: all but the last are of one process without a line in Redis. */
  how: "fair" | "local";
  /** What has happened already. */
  after?: string[];
  /** Whether nothing is sent twice, and nobody gives up. @default false */
  calm?: boolean;
}

export const TICK = 1000;
export const TTL = 2500;
/** The life of a place. */
export const PLACE = 2500;
const LIFE = "3600000";

export const lineToken = (caller: number, nth: number): string => `t${caller}${nth}${"-".repeat(20)}`;

export function startLine({ callers, tries = 1, extends: extensions = 0, who = [], how }: LineScope): LineWorld {
  const world: LineWorld = {
    now: 0,
    stored: {},
    callers: Array.from({ length: callers }, (_, index) => ({
      phase: "waiting",
      token: lineToken(index, 0),
      who: who[index] ?? `process-${index}`,
      deadline: 0,
      stood: false,
      tries: tries - 1,
      extends: extensions,
    })),
    requests: [],
    replies: [],
    messages: [],
    answers: {},
    seats: [],
    lapses: {},
    grants: [],
    released: [],
  };
  // Those of one process let the first of them ask.
  const asking = how === "local" ? [0, callers - 1] : world.callers.keys();
  for (const index of asking) world.requests.push(poll(world, index, how));
  return world;
}

const request = (
  world: LineWorld,
  from: number,
  kind: LineKind,
  token: string,
  ...args: (string | number)[]
): LineRequest => ({ kind, from, token, args: [token, ...args.map(String)], sentAt: world.now, again: false });

export function poll(world: LineWorld, index: number, how: LineScope["how"]): LineRequest {
  const { token, who, stood } = world.callers[index] as Caller;
  if (how === "local") return request(world, index, "acquire", token, TTL, LIFE, "");
  return request(world, index, "join", token, TTL, LIFE, who, PLACE, stood ? 1 : "");
}

export function release(world: LineWorld, index: number, token: string, how: LineScope["how"]): LineRequest {
  const { who } = world.callers[index] as Caller;
  if (how === "local") return request(world, index, "release", token, 0, LIFE);
  return request(world, index, "pass", token, 0, LIFE, who);
}

export function handTo(world: LineWorld, index: number, other: string): LineRequest {
  const { token } = world.callers[index] as Caller;
  return request(world, index, "hand", token, 0, LIFE, other, TTL, LIFE);
}

export function extend(world: LineWorld, index: number): LineRequest {
  return request(world, index, "extend", (world.callers[index] as Caller).token, TTL);
}
