import { executeLine, type LINE_SCRIPTS } from "./line-server.ts";
import type { Caller, LineReply, LineScope, LineWorld } from "./line-world.ts";
import { extend, handTo, lineToken, PLACE, poll, release, TICK, TTL } from "./line-world.ts";

/** The rules that an exploration can take out. */
export interface LineRules {
  scripts: typeof LINE_SCRIPTS;
  /** A message dates a grant by the last answer that knew a smaller fence. */
  olderAnswers: boolean;
  /** A grant by message counts from that answer's request, not from now. */
  fromAnswer: boolean;
}

export interface LineStep {
  label: string;
  take(world: LineWorld): void;
}

export const believes = (world: LineWorld, { phase, deadline }: Caller): boolean =>
  phase === "holding" && world.now < deadline;

export function lineSteps(world: LineWorld, scope: LineScope, rules: LineRules): LineStep[] {
  const pass = (world: LineWorld) => {
    world.now += TICK;
  };
  const steps: LineStep[] = [{ label: "time passes", take: pass }];
  for (const [index, request] of world.requests.entries()) {
    const label = `${request.kind} of ${request.token.slice(0, 3)}${request.again ? ", again," : ""} is executed`;
    const run = (copy: boolean) => (world: LineWorld) => {
      if (copy) world.requests[index] = { ...request, again: true };
      else world.requests.splice(index, 1);
      const reply = executeLine(world, request, rules.scripts);
      if (!request.again && request.kind !== "pass" && request.kind !== "release") world.replies.push(reply);
    };
    steps.push({ label, take: run(false) });
    if (!request.again && !scope.calm) steps.push({ label: `${label}, and a copy stays behind`, take: run(true) });
  }
  for (const [index, reply] of world.replies.entries())
    steps.push({
      label: `${reply.token.slice(0, 3)} hears "${reply.outcome}" to its ${reply.kind}`,
      take: (world) => {
        world.replies.splice(index, 1);
        hear(world, reply, scope);
      },
    });
  for (const [index, { id, fence }] of world.messages.entries())
    steps.push({
      label: `a message for ${id.slice(0, 3)} arrives`,
      take: (world) => {
        world.messages.splice(index, 1);
        wake(world, id, fence, rules);
      },
    });
  for (const index of world.callers.keys()) steps.push(...ofCaller(world, index, scope));
  return steps;
}

function hear(
  world: LineWorld,
  { kind, from, token, outcome, left, fence, sentAt, other }: LineReply,
  scope: LineScope,
): void {
  const caller = world.callers[from] as Caller;
  if (kind === "hand") {
    const next = world.callers.find(({ token }) => token === other);
    if (outcome === "granted" && next && world.now < sentAt + left)
      Object.assign(next, { phase: "holding", deadline: sentAt + left });
    return;
  }
  if (caller.token !== token) return;
  if (kind === "extend") {
    if (outcome === "held" && believes(world, caller)) caller.deadline = Math.max(caller.deadline, sentAt + left);
    return;
  }
  if (caller.phase !== "waiting") return;
  if (outcome === "granted" && world.now < sentAt + left)
    Object.assign(caller, { phase: "holding", deadline: sentAt + left });
  else if (outcome === "granted" || outcome === "spent") again(world, from, scope, outcome === "granted");
  else if (scope.how === "fair") {
    caller.stood = true;
    const [last] = world.answers[caller.who] ?? [];
    const answer = { sentAt, fence };
    const rest = (world.answers[caller.who] ?? []).slice(1);
    world.answers[caller.who] = last && last.fence < fence ? [answer, last] : [answer, ...rest];
  }
}

/** Gives the token back, and goes on with another if there is one. */
function again(world: LineWorld, index: number, scope: LineScope, givesBack: boolean): void {
  const caller = world.callers[index] as Caller;
  if (givesBack) world.requests.push(release(world, index, caller.token, scope.how));
  if (!caller.tries) {
    caller.phase = "idle";
    return;
  }
  comesBack(world, index, scope);
}

function comesBack(world: LineWorld, index: number, { tries = 1, how }: LineScope): void {
  const caller = world.callers[index] as Caller;
  caller.tries--;
  Object.assign(caller, { phase: "waiting", stood: false, token: lineToken(index, tries - caller.tries - 1) });
  world.requests.push(poll(world, index, how));
}

function wake(world: LineWorld, id: string, fence: number, { olderAnswers, fromAnswer }: LineRules): void {
  const caller = world.callers.find((each) => each.token === id);
  if (caller?.phase !== "waiting" || !caller.stood) return;
  const before = world.answers[caller.who]?.find((answer) => !olderAnswers || answer.fence < fence);
  if (!before) return;
  const deadline = (fromAnswer ? before.sentAt : world.now) + Math.min(PLACE, TTL);
  if (world.now < deadline) Object.assign(caller, { phase: "holding", deadline });
}

function ofCaller(world: LineWorld, index: number, scope: LineScope): LineStep[] {
  const caller = world.callers[index] as Caller;
  const { token } = caller;
  const name = token.slice(0, 3);
  const steps: LineStep[] = [];
  const on = (label: string, take: (world: LineWorld) => void) => steps.push({ label: `${name} ${label}`, take });
  const asks = world.requests.some((each) => each.token === token && (each.kind === "join" || each.kind === "acquire"));
  if (caller.phase === "waiting") {
    if (!scope.calm) on("gives up", (world) => again(world, index, scope, true));
    if (!asks) on("polls", (world) => void world.requests.push(poll(world, index, scope.how)));
  }
  if (!believes(world, caller)) return steps;
  const next =
    scope.how === "local" && index < scope.callers - 1
      ? world.callers.slice(0, -1).find((each) => each.phase === "waiting")
      : undefined;
  on("releases", (world) => {
    const mine = world.callers[index] as Caller;
    world.requests.push(next ? handTo(world, index, next.token) : release(world, index, token, scope.how));
    mine.phase = "idle";
    if (scope.calm && mine.tries) comesBack(world, index, scope);
  });
  if (next)
    on("hands over, and hears nothing", (world) => {
      world.requests.push(handTo(world, index, next.token), release(world, index, token, scope.how));
      (world.callers[index] as Caller).phase = "idle";
      const other = world.callers.findIndex((each) => each.token === next.token);
      again(world, other, scope, true);
    });
  if (caller.extends)
    on("extends", (world) => {
      (world.callers[index] as Caller).extends--;
      world.requests.push(extend(world, index));
    });
  return steps;
}
