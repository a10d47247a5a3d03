import { ACQUIRE, EXTEND, FORCE, QUERY, RELEASE, SCAN } from "../../src/scripts.ts";
import type { MemoryData } from "./memory-data.ts";

/** Runs like the Lua script of the same name: `keys` are the lock and its record. */
export type Twin = (data: MemoryData, keys: [lock: string, record: string, more?: string], args: string[]) => unknown;

export const idOf = (token: string): string => token.slice(0, 23);

function labelOf(value = ""): string {
  const [, id, label] = /^[.?]?(t[\w-]+):? ([\s\S]*)$/.exec(value) ?? [];
  return id?.length === 23 ? (label as string) : "";
}

export function reply(outcome: string, left = -1, fence = "", value = ""): unknown[] {
  return [outcome, left, fence, `=${labelOf(value)}`];
}

export function mint(data: MemoryData, record: string, was: string, entries: string, id: string, life: string): string {
  const now = data.time();
  const fence = Math.max((Number.parseInt(was, 10) || 0) + 1, now);
  if (fence > Number.MAX_SAFE_INTEGER) {
    throw new Error("ERR the last fence of this name is too large");
  }
  const others = entries.replaceAll("+", ".").slice(0, 168);
  data.set(record, `${fence}+${id}${others}`, Math.ceil(Math.max(0, fence - now) / 1000) + Number(life));
  return String(fence);
}

export const acquire: Twin = (data, [lock, record, mark], [token = "", ttl, life = "", timed]) => {
  const value = data.get(lock);
  if (value !== undefined && value !== token) {
    if (mark && /^t[\w-]+:/.test(value) && data.get(mark) === undefined) data.set(mark, "1", 30_000);
    return reply("busy", timed === "1" ? data.pttl(lock) : -1, "", value);
  }
  const left = value ? data.pttl(lock) : Number(ttl);
  if (!value) data.set(lock, token, Number(ttl));
  if (life === "") return reply("granted", left);
  const was = data.get(record) ?? "";
  const at = was.indexOf(idOf(token));
  if (at < 0) return reply("granted", left, mint(data, record, was, was.replace(/^\d*/, ""), idOf(token), life));
  if (value && was[at - 1] === "+") return reply("granted", left, /^\d+/.exec(was)?.[0]);
  if (!value) data.delete(lock);
  return reply("spent");
};

export const extend: Twin = (data, [lock, record], [token = "", ttl]) => {
  if (data.get(lock) === `?${token}`) data.set(lock, token, data.pttl(lock));
  const value = data.get(lock);
  if (value === token) {
    if (!ttl) return reply("held", data.pttl(lock));
    data.prolong(lock, Number(ttl));
    return reply("held", Number(ttl));
  }
  if (data.get(record)?.includes(`!${idOf(token)}`)) return reply("forced", -1, "", value);
  return reply(value !== undefined && value !== `.${token}` ? "busy" : "gone", -1, "", value);
};

export const release: Twin = (data, [lock, record], [token = "", rest, life]) => {
  const value = data.get(lock);
  if (value === token || value === `?${token}`) {
    if (rest === "0") data.delete(lock);
    else data.set(lock, `.${token}`, Number(rest));
    return reply("freed");
  }
  if (value === `.${token}`) return reply("freed");
  const was = data.get(record) ?? "";
  const at = was.indexOf(idOf(token));
  if (at >= 0 && was[at - 1] === "!") return reply("forced");
  if (at >= 0 || !life) return reply("gone");
  const [, fence, granted, entries = ""] = /^(\d*)(\+.{23})?([\s\S]*)$/.exec(was) ?? [];
  const text = `${fence || "0"}${granted ?? ""}.${idOf(token)}${entries.slice(0, 144)}`;
  data.set(record, text, Math.max(data.pttl(record), Number(life)));
  return reply((granted ?? "").length + entries.length < 192 ? "unrecorded" : "gone");
};

const force: Twin = (data, [lock, record], [token = "", ttl, life = "", expected]) => {
  const value = data.get(lock);
  const was = data.get(record) ?? "";
  if (value === token) return reply("granted", data.pttl(lock), /^\d+/.exec(was)?.[0]);
  if (value === undefined || value !== expected) return reply(value === undefined ? "gone" : "busy", -1, "", value);
  let entries = was.replace(/^\d*/, "");
  const [, old] = /^[.?]?(t[\w-]+)/.exec(value) ?? [];
  if (old?.length === 23) {
    const at = entries.indexOf(old);
    if (at >= 0) entries = entries.slice(0, at - 1) + entries.slice(at + 23);
    entries = (value[0] === "." ? "." : "!") + old + entries;
  }
  const fence = mint(data, record, was, entries, idOf(token), life);
  data.set(lock, token, Number(ttl));
  return reply("granted", Number(ttl), fence);
};

const query: Twin = (data, [lock, record], [whole]) => {
  const value = data.get(lock);
  if (value === undefined) return reply("free");
  const left = data.pttl(lock);
  if (whole === "1") return ["held", left, "", `=${value}`];
  if (value[0] === ".") return reply("kept", left);
  const [, fence, id] = /^(\d+)\+(.{23})/.exec(data.get(record) ?? "") ?? [];
  return reply("held", left, idOf(value.replace(/^\?/, "")) === id ? fence : "", value);
};

/** The pattern is always a prefix with its special characters escaped, and a star. */
const scan: Twin = (data, _keys, [, pattern = ""]) => {
  const prefix = pattern.slice(0, -1).replace(/\\(.)/gs, "$1");
  const found = data.keys().filter((key) => key.startsWith(prefix));
  return ["=0", ...found.map((key) => `=${key}`)];
};

/** Each script's text with what it does. */
export const TWINS: ReadonlyMap<string, Twin> = new Map([
  [ACQUIRE, acquire],
  [EXTEND, extend],
  [RELEASE, release],
  [FORCE, force],
  [QUERY, query],
  [SCAN, scan],
]);
