import { GIVE, KEEP, LOOK, MEND, VOTE } from "../../src/quorum-scripts.ts";
import { acquire, extend, idOf, release, reply, type Twin } from "./memory-scripts.ts";

/** It never restarts, so it does not say how long it has been running. */
const vote: Twin = acquire;

const keep: Twin = (data, keys, args) => {
  const answer = extend(data, keys, args) as unknown[];
  if (answer[0] === "gone") answer[2] = String(data.time());
  return answer;
};

const mend: Twin = (data, [lock, record], [token = "", ttl, life = "", agreed, last]) => {
  const id = idOf(token);
  const was = data.get(record) ?? "";
  const [, counter = "", entries = ""] = /^(\d*)([\s\S]*)$/.exec(life ? was : "") ?? [];
  const at = entries.indexOf(id);
  const mark = at < 0 ? "" : entries[at - 1];
  const now = data.time();
  if (data.get(lock) === undefined && ttl && mark !== "," && mark !== "!" && now <= Number(last))
    data.set(lock, token, Number(ttl));
  if (data.get(lock) !== token) return reply("gone");
  if (!life) return reply("held", data.pttl(lock));
  const fence = Math.max(Number(agreed), Number(counter) || 0);
  if (mark !== "+" || Number(counter) < fence) {
    const others = at < 0 ? entries : entries.slice(0, at - 1) + entries.slice(at + 23);
    const text = `${fence}+${id}${others.replaceAll("+", ".").slice(0, 168)}`;
    data.set(record, text, Math.max(0, Math.ceil((fence - now) / 1000)) + Number(life));
  }
  return reply("held", data.pttl(lock), String(fence));
};

const give: Twin = (data, keys, args) => {
  const answer = release(data, keys, args) as unknown[];
  const [, record] = keys;
  const was = data.get(record) ?? "";
  const id = idOf(args[0] ?? "");
  const at = was.indexOf(id) - 1;
  if (args[2] && at >= 0 && "+.".includes(was[at] as string))
    data.set(record, `${was.slice(0, at)},${id}${was.slice(at + 24)}`, data.pttl(record));
  return answer;
};

const look: Twin = (data, [lock, record]) => {
  const value = data.get(lock);
  if (value === undefined) return reply("free");
  const [, fence, id] = /^(\d*)\+([\s\S]{23})/.exec(data.get(record) ?? "") ?? [];
  return ["held", data.pttl(lock), idOf(value) === id ? fence : "", `=${value}`];
};

/** What a quorum asks. */
export const QUORUM_TWINS: ReadonlyMap<string, Twin> = new Map([
  [VOTE, vote],
  [KEEP, keep],
  [MEND, mend],
  [GIVE, give],
  [LOOK, look],
]);
