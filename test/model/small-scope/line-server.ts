import { MemoryData } from "../../../adapters/support/memory-data.ts";
import { HAND_OVER_TWINS } from "../../../adapters/support/memory-hand-over-scripts.ts";
import { QUEUE_TWINS } from "../../../adapters/support/memory-queue-scripts.ts";
import { TWINS } from "../../../adapters/support/memory-scripts.ts";
import { HAND } from "../../../src/hand-over-scripts.ts";
import { JOIN, PASS } from "../../../src/queue-scripts.ts";
import { ACQUIRE, EXTEND, RELEASE } from "../../../src/scripts.ts";
import type { LineKind, LineReply, LineRequest, LineWorld } from "./line-world.ts";
import { Broken } from "./server.ts";

export type LineScript = (
  data: MemoryData,
  keys: [lock: string, record: string, more: string],
  args: string[],
) => unknown;

const LOCK = "lock:x";
const KEYS = [LOCK, `fence.7t5:${LOCK}`] as const;
const QUEUE = `queue.b0v5:${LOCK}`;
const MARK = `alive.dcr7:${LOCK}`;
const THIRD: Partial<Record<LineKind, string>> = { join: QUEUE, pass: QUEUE, hand: MARK, acquire: MARK };

const twin = (script: string): LineScript => {
  const found = TWINS.get(script) ?? QUEUE_TWINS.get(script) ?? HAND_OVER_TWINS.get(script);
  return found as LineScript;
};

export const LINE_SCRIPTS: Record<LineKind, LineScript> = {
  join: twin(JOIN),
  pass: twin(PASS),
  hand: twin(HAND),
  acquire: twin(ACQUIRE),
  extend: twin(EXTEND),
  release: twin(RELEASE),
};

/** Numbers of places are smaller than times. */
const EPOCH = Date.UTC(2026, 10, 1);

const live = ({ expires }: { expires: number }, now: number) => now <= expires;

/** Executes a request with the scripts of the memory adapter; throws what breaks a property of single steps. */
export function executeLine(world: LineWorld, request: LineRequest, scripts: typeof LINE_SCRIPTS): LineReply {
  const { kind, token, args, from, sentAt } = request;
  const data = new MemoryData(() => EPOCH + world.now);
  for (const [key, { value, expires }] of Object.entries(world.stored)) data.set(key, value, expires - world.now);
  const stood = world.stored[LOCK];
  const before = stood && live(stood, world.now) ? stood : undefined;
  data.publish = (who, message) => {
    const [id = "", fence] = message.split(" ");
    world.messages.push({ who, id, fence: Number(fence) });
    return 1;
  };
  const keys: [string, string, string] = [...KEYS, THIRD[kind] ?? ""];
  const [outcome, left, fence, value] = scripts[kind](data, keys, args) as [string, number, string, string];
  world.stored = {};
  for (const key of data.keys())
    world.stored[key] = { value: data.get(key) as string, expires: world.now + data.pttl(key) };
  const reply = {
    kind,
    from,
    token,
    sentAt,
    outcome,
    left,
    fence: Number(fence),
    other: kind === "hand" ? (args[3] as string) : value.slice(1),
  };
  judge(world, request, before, reply);
  return reply;
}

function judge(
  world: LineWorld,
  { kind, token, args }: LineRequest,
  before: { value: string; expires: number } | undefined,
  { outcome, fence }: LineReply,
): void {
  const after = world.stored[LOCK];
  const changed = before?.value !== after?.value || before?.expires !== after?.expires;
  const ours = !before || before.value === token || before.value === `?${token}`;
  if (changed && !ours) throw new Broken(`${kind} of ${token} changed the key of another`);
  if (kind === "extend" && changed && (after?.expires ?? 0) < (before?.expires ?? 0))
    throw new Broken("a life was shortened");
  for (const seat of world.seats) seat.lapsed ||= (world.lapses[seat.who] ?? 0) <= world.now;
  const holder = after?.value.replace("?", "");
  if (after && holder !== before?.value.replace("?", "")) {
    const record = Number.parseInt(world.stored[KEYS[1]]?.value ?? "", 10);
    grant(world, holder as string, kind, record);
  }
  const known = world.grants.find((each) => each.token === token);
  if (outcome === "granted" && kind !== "hand" && known?.fence !== fence)
    throw new Broken("a replay changed the fence");
  if (kind === "pass" || kind === "release" || kind === "hand") leave(world, token, kind);
  if (kind === "join") stand(world, token, args[3] as string, outcome, Number(args[4]));
}

function grant(world: LineWorld, holder: string, kind: LineKind, fence: number): void {
  if (world.released.includes(holder)) throw new Broken(`${kind} granted a token that was given back`);
  if (world.grants.some((each) => each.fence >= fence)) throw new Broken("a later grant has no larger fence");
  const first = world.seats.find(({ lapsed, token }) => token === holder || !lapsed);
  if (kind !== "hand" && first && first.token !== holder)
    throw new Broken("one was granted before another who came first");
  world.seats = world.seats.filter(({ token }) => token !== holder);
  world.grants.push({ token: holder, fence });
}

function leave(world: LineWorld, token: string, kind: LineKind): void {
  if (!world.released.includes(token)) world.released.push(token);
  world.seats = world.seats.filter((seat) => seat.token !== token);
  if (kind === "pass" && world.stored[QUEUE]?.value.includes(token)) throw new Broken("who left stands in line");
}

function stand(world: LineWorld, token: string, who: string, outcome: string, life: number): void {
  const seat = world.seats.find((each) => each.token === token);
  if (outcome === "spent" && seat && !seat.lapsed) throw new Broken("a place was lost");
  if (outcome === "spent") world.seats = world.seats.filter((each) => each !== seat);
  if (outcome !== "next" && outcome !== "waiting") return;
  world.lapses[who] = Math.max(world.lapses[who] ?? 0, world.now + life);
  if (!seat) world.seats.push({ token, who, lapsed: false });
}
