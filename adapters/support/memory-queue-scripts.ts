import { COUNT, JOIN, PASS } from "../../src/queue-scripts.ts";
import type { MemoryData } from "./memory-data.ts";
import { idOf, mint, release, reply, type Twin } from "./memory-scripts.ts";

type Member = [member: string, score: number];

/** The waiting line, sorted: places by their number, and behind them who waits, by when their places lapse. */
class Queue {
  readonly #data: MemoryData;
  readonly #key: string;
  members: Member[];

  constructor(data: MemoryData, key: string) {
    this.#data = data;
    this.#key = key;
    this.members = JSON.parse(data.get(key) ?? "[]");
  }

  score(member: string): number | undefined {
    return this.members.find(([each]) => each === member)?.[1];
  }

  set(member: string, score: number): void {
    this.members = this.members.filter(([each]) => each !== member);
    this.members.push([member, score]);
    this.members.sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  }

  save(members: Member[] = this.members, px?: number): void {
    const left = px ?? this.#data.pttl(this.#key);
    this.members = members;
    if (members.length) this.#data.set(this.#key, JSON.stringify(members), left);
    else this.#data.delete(this.#key);
  }

  remove(...gone: string[]): void {
    if (gone.some((member) => this.score(member) !== undefined))
      this.save(this.members.filter(([member]) => !gone.includes(member)));
  }
}

/** The numbers of places are below, the times at which they lapse are above. */
const PLACES = 1e12;

function line(data: MemoryData, [lock, record, queueKey = ""]: Parameters<Twin>[1], args: string[]) {
  const [token = "", , life = "", who = ""] = args;
  const queue = new Queue(data, queueKey);
  const now = Math.floor(data.time() / 1000);
  const was = data.get(record) ?? "";
  const [, last = "", entries = ""] = /^(\d*)([\s\S]*)$/.exec(was) ?? [];
  const at = entries.indexOf(idOf(token));

  function first(): { member: string; who: string; other: string; rest: number } | undefined {
    for (;;) {
      const [member = ""] = queue.members[0] ?? [];
      const [, who, other] = /^(\S+) ([\s\S]*)$/.exec(member) ?? [];
      if (!who || !other) return undefined;
      const rest = (queue.score(who) ?? 0) - now;
      if (rest > 0 && !entries.includes(idOf(other))) return { member, who, other, rest };
      queue.remove(member);
    }
  }

  function pass({ member, other, rest }: NonNullable<ReturnType<typeof first>>): string {
    queue.remove(member, idOf(other));
    data.set(lock, `?${other}`, rest);
    return mint(data, record, last, entries, idOf(other), life);
  }

  function wake(who: string, other: string, fence: string): void {
    if (who !== idOf(other)) data.publish(who, `${idOf(other)} ${fence}`);
  }

  const grant = (): string => mint(data, record, last, entries, idOf(token), life);
  return {
    queue,
    now,
    last,
    entries,
    mark: at < 0 ? "" : entries[at - 1],
    seat: `${who} ${token}`,
    first,
    pass,
    wake,
    grant,
  };
}

const join: Twin = (data, keys, args) => {
  const [lock] = keys;
  const [token = "", ttl, , who = "", place = "", joined] = args;
  const { queue, now, last, entries, mark, seat, first, pass, wake, grant } = line(data, keys, args);
  let held = data.get(lock);
  let known = last;
  if (held === `?${token}`) {
    data.set(lock, token, Number(ttl));
    return reply("granted", Number(ttl), mark === "+" ? last : grant());
  }
  if (held === token && (mark === "+" || !mark)) return reply("granted", data.pttl(lock), mark ? last : grant());
  if (mark) {
    queue.remove(seat, idOf(token));
    return reply("spent");
  }
  if (held === undefined) {
    const other = first();
    if (!other || other.member === seat) {
      queue.remove(seat, idOf(token));
      data.set(lock, token, Number(ttl));
      return reply("granted", Number(ttl), grant());
    }
    known = pass(other);
    wake(other.who, other.other, known);
    held = `?${other.other}`;
  }
  if (!place) return reply("busy", data.pttl(lock), "", held);
  if (queue.score(seat) === undefined) {
    if (joined === "1") return reply("spent");
    const back = queue.members.filter(([, score]) => score <= PLACES).at(-1);
    queue.members = queue.members.filter(([, score]) => score <= PLACES || score > now);
    queue.set(seat, (back?.[1] ?? 0) + 1);
  }
  queue.set(who, Math.max(queue.score(who) ?? 0, now + Number(place)));
  queue.save(queue.members, 60_000);
  const before = queue.members.findIndex(([member]) => member === seat);
  const fence = known === "0" ? "" : known;
  const handed = known !== last || held.slice(0, 24) === `?${entries.slice(1, 24)}`;
  const answer = before ? reply("waiting", before, fence, held) : reply("next", data.pttl(lock), fence, held);
  return handed ? [...answer.slice(0, 3), `=${held}`] : answer;
};

const passOn: Twin = (data, keys, args) => {
  const [lock, record] = keys;
  const [token, rest, , who] = args;
  const held = data.get(lock);
  const { queue, seat, first, pass, wake } = line(data, keys, args);
  queue.remove(seat, idOf(token ?? ""));
  if (rest === "0" && (held === token || held === `?${token}`)) {
    const next = first();
    if (next) {
      const fence = pass(next);
      if (next.who === who) return ["freed", -1, fence, `=${idOf(next.other)}`];
      wake(next.who, next.other, fence);
      return reply("freed");
    }
  }
  return release(data, [lock, record], args);
};

const count: Twin = (data, [, , queueKey = ""]) => {
  const { members } = new Queue(data, queueKey);
  return ["waiting", members.filter(([, score]) => score <= PLACES).length, "", "="];
};

/** What a waiting line asks. */
export const QUEUE_TWINS: ReadonlyMap<string, Twin> = new Map([
  [JOIN, join],
  [PASS, passOn],
  [COUNT, count],
]);
