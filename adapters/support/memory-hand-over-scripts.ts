import { HAND } from "../../src/hand-over-scripts.ts";
import { idOf, mint, release, reply, type Twin } from "./memory-scripts.ts";

const hand: Twin = (data, [lock, record, mark = ""], args) => {
  const [token, , , other = "", ttl, life = ""] = args;
  const was = data.get(record) ?? "";
  const [, last = "", entries = ""] = /^(\d*)([\s\S]*)$/.exec(was) ?? [];
  const known = entries[entries.indexOf(idOf(other)) - 1];
  const held = data.get(lock);
  if (held === other) return reply("granted", data.pttl(lock), known === "+" ? last : "");
  if (held === token && !known) {
    const since = data.pttl(mark);
    if (since < 0 || since > 29_500) {
      data.set(lock, other, Number(ttl));
      return reply("granted", Number(ttl), life ? mint(data, record, last, entries, idOf(other), life) : "");
    }
    data.delete(mark);
  }
  return release(data, [lock, record], args);
};

/** What callers of one process ask who hand a lock over to one another. */
export const HAND_OVER_TWINS: ReadonlyMap<string, Twin> = new Map([[HAND, hand]]);
