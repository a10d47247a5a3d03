import type { Rules } from "./rules.ts";
import { Broken, execute, live } from "./server.ts";
import type { Client, Reply, Scope, World } from "./world.ts";
import { ask, believes, giveBack, TICK, TTL, takeOver, tokenOf } from "./world.ts";

/** Something that can happen next, and the world after it. */
export interface Step {
  label(): string;
  take(world: World): void;
}

/** Everything that can happen in this world. A pause is a reply, or a write, that arrives late. */
export function steps(world: World, scope: Scope, rules: Rules): Step[] {
  return [
    { label: () => "time passes", take: pass },
    ...world.requests.flatMap((_, index) => onRequest(world, index, scope, rules)),
    ...world.replies.flatMap((_, index) => onReply(world, index, scope, rules)),
    ...world.clients.flatMap((_, index) => ofClient(world, index, scope, rules)),
    ...world.writes.map((_, index) => landing(world, index)),
  ];
}

function pass(world: World): void {
  world.now += TICK;
  if (world.lock && !live(world.lock, world.now)) {
    if (!world.ended.includes(world.lock.value)) world.ended.push(world.lock.value);
    world.lock = null;
  }
}

function onRequest({ requests }: World, index: number, scope: Scope, rules: Rules): Step[] {
  const { kind, from, token, again } = requests[index] as World["requests"][number];
  const label = () => `${kind} of client ${from} (${token.slice(0, 3)})${again ? ", again," : ""}`;
  const deliver = (world: World, twice: boolean) => {
    const request = world.requests[index] as World["requests"][number];
    if (twice) world.requests[index] = { ...request, again: true };
    else world.requests.splice(index, 1);
    const reply = execute(world, request, rules);
    // Nobody waits for the answer to a release, or to a copy that a proxy sent.
    if (kind !== "release" && !again) world.replies.push(reply);
  };
  const drop = (world: World) => void world.requests.splice(index, 1);
  const once = { label: () => `${label()} is executed`, take: (world: World) => deliver(world, false) };
  const lost = { label: () => `${label()} is dropped`, take: drop };
  const twice = {
    label: () => `${label()} is executed, and a copy stays behind`,
    take: (world: World) => deliver(world, true),
  };
  return [once, ...(again ? [] : [twice]), ...(scope.losses ? [lost] : [])];
}

function onReply({ replies }: World, index: number, scope: Scope, rules: Rules): Step[] {
  const { kind, to, outcome } = replies[index] as Reply;
  const label = () => `the answer "${outcome}" to the ${kind} of client ${to}`;
  const arrives = (world: World) => {
    const [reply] = world.replies.splice(index, 1) as [Reply];
    receive(world, reply, scope, rules);
  };
  const found = [{ label: () => `${label()} arrives`, take: arrives }];
  if (scope.losses)
    found.push({ label: () => `${label()} is lost`, take: (world) => void world.replies.splice(index, 1) });
  return found;
}

function receive(world: World, reply: Reply, scope: Scope, rules: Rules): void {
  const { kind, to, token, outcome, left, fence, sentAt } = reply;
  const client = world.clients[to] as Client;
  if (client.phase === "crashed") return;
  if (kind === "look" && outcome === "held") world.requests.push(takeOver(token, to, world.now, reply.value));
  if (kind === "force" && outcome === "granted") world.requests.push(giveBack(token, to, world.now, 0));
  if (client.token !== token) return;
  const from = rules.deadlineFrom === "send" ? sentAt : world.now;
  if (kind === "acquire" && client.phase === "asking") {
    if (outcome === "granted" && world.now < from + left) {
      Object.assign(client, { phase: "holding", deadline: from + left, fence });
    } else giveUp(world, to, scope, rules);
  }
  if (kind === "extend" && believes(world, client)) {
    if (outcome === "held") client.deadline = Math.max(client.deadline, from + left);
    else client.phase = "idle";
  }
}

/** The wait goes on with a new token, or is over. */
function giveUp(world: World, index: number, scope: Scope, rules: Rules): void {
  const client = world.clients[index] as Client;
  if (rules.cleansUp) world.requests.push(giveBack(client.token, index, world.now, 0));
  client.phase = "idle";
  if (client.tries === 0) return;
  const token = rules.freshTokens ? tokenOf(index, (scope.tries ?? 1) - client.tries) : client.token;
  client.tries--;
  Object.assign(client, { phase: "asking", token });
  world.requests.push(ask(token, index, world.now));
}

function ofClient(world: World, index: number, scope: Scope, rules: Rules): Step[] {
  const client = world.clients[index] as Client;
  const on = (label: string, change: (world: World, client: Client) => void): Step => ({
    label: () => `client ${index} ${label}`,
    take: (world) => change(world, world.clients[index] as Client),
  });
  const found: Step[] = [];
  if (client.phase === "asking") found.push(on("gives up", (world) => giveUp(world, index, scope, rules)));
  if (scope.losses && (client.phase === "asking" || client.phase === "holding")) {
    found.push(
      on("crashes", (_, client) => {
        client.phase = "crashed";
      }),
    );
  }
  if (!believes(world, client)) return found;
  found.push(
    on("releases", (world, client) => {
      world.requests.push(giveBack(client.token, index, world.now, scope.minHold ?? 0));
      client.phase = "idle";
    }),
  );
  if (client.extends > 0) {
    found.push(
      on("extends", (world, client) => {
        const ttl = client.extends === 1 ? TTL : 2 * TTL;
        client.extends--;
        const { token } = client;
        const args = [token, String(ttl)];
        world.requests.push({ kind: "extend", from: index, token, args, sentAt: world.now, again: false });
      }),
    );
  }
  if (client.writes > 0) {
    found.push(
      on("begins to write", (world, client) => {
        client.writes--;
        world.writes.push({ token: client.token, fence: client.fence });
      }),
    );
  }
  return found;
}

/** The resource refuses a fence that is smaller than one it has seen. */
function landing({ writes }: World, index: number): Step {
  const { token } = writes[index] as World["writes"][number];
  return {
    label: () => `the write under ${token.slice(0, 3)} lands`,
    take: (world) => {
      const [{ fence }] = world.writes.splice(index, 1) as [World["writes"][number]];
      if (fence < world.resource.fence) return;
      const granted = (of: string) => world.grants.findIndex((each) => each.token === of);
      if (granted(token) < granted(world.resource.by)) throw new Broken("a stale write was accepted");
      world.resource = { fence, by: token };
    },
  };
}
