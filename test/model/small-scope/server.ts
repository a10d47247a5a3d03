import { MemoryData } from "../../../adapters/support/memory-data.ts";
import { TWINS } from "../../../adapters/support/memory-scripts.ts";
import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE } from "../../../src/scripts.ts";
import type { Rules, Script } from "./rules.ts";
import type { Kind, Reply, Request, Stored, World } from "./world.ts";

const SCRIPTS: Record<Kind, string> = { acquire: ACQUIRE, extend: EXTEND, release: RELEASE, look: QUERY, force: FORCE };
const LOCK = "lock:x";
const RECORD = "fence.7t5:lock:x";

/**
 * Executes a request on the world's server: the scripts of the memory adapter, which other tests hold equal to Redis.
 * Changes the world; throws what breaks a property of single steps.
 */
export function execute(world: World, request: Request, rules: Rules): Reply {
  // Fences are the server's time in microseconds; here some small number, so that states stay readable.
  const data = new MemoryData(() => world.now);
  for (const [key, stored] of [
    [LOCK, world.lock],
    [RECORD, world.record],
  ] as const) {
    if (stored) data.set(key, stored.value, stored.expires - world.now);
  }
  const before = world.lock && live(world.lock, world.now) ? world.lock : null;
  const script = (request.kind !== "look" && rules[request.kind]) || (TWINS.get(SCRIPTS[request.kind]) as Script);
  const [outcome, left, fence, value] = script(data, [LOCK, RECORD], request.args) as [string, number, string, string];
  world.lock = read(data, LOCK, world.now);
  world.record = read(data, RECORD, world.now);
  note(world, request, before, { outcome, fence: Number(fence) });
  return {
    kind: request.kind,
    to: request.from,
    token: request.token,
    sentAt: request.sentAt,
    outcome,
    left,
    fence: Number(fence),
    value: value.slice(1),
  };
}

function read(data: MemoryData, key: string, now: number): Stored | null {
  const value = data.get(key);
  return value === undefined ? null : { value, expires: now + data.pttl(key) };
}

export function live({ expires }: Stored, now: number): boolean {
  return now <= expires;
}

/** A broken property, with its name. */
export class Broken extends Error {}

/** Properties 3, 5 and 6, which concern one step of the server. */
function note(
  world: World,
  { kind, token }: Request,
  before: Stored | null,
  { outcome, fence }: { outcome: string; fence: number },
): void {
  const after = world.lock;
  const changed = before?.value !== after?.value || before?.expires !== after?.expires;
  const ours = before === null || before.value === token || before.value === `.${token}`;
  if (changed && !ours && kind !== "force") throw new Broken(`${kind} of ${token} changed the key of another`);
  if (before && after && before.value === after.value) {
    if (after.expires < before.expires) throw new Broken(`${kind} shortened a life`);
    if (after.expires > before.expires && kind !== "extend") throw new Broken(`${kind} prolonged a life`);
  }
  if (after?.value === token && before?.value !== token) {
    if (world.released.includes(token)) throw new Broken(`${kind} took the lock with a token that was given back`);
    if (world.ended.includes(token)) throw new Broken(`${kind} brought a lease back`);
  }
  if (outcome === "granted") grant(world, { token, fence });
  if (kind === "release" && !world.released.includes(token)) world.released.push(token);
  if (before && before.value !== after?.value && !world.ended.includes(before.value)) world.ended.push(before.value);
}

function grant({ grants }: World, { token, fence }: { token: string; fence: number }): void {
  const earlier = grants.find((each) => each.token === token);
  if (earlier && earlier.fence !== fence) throw new Broken("a replay changed the fence");
  if (!earlier && grants.some((each) => each.fence >= fence)) throw new Broken("a later grant has no larger fence");
  if (!earlier) grants.push({ token, fence });
}
