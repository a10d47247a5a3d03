import { FLY, LAND, LEAVE, PEEK } from "../../src/flight-scripts.ts";
import type { MemoryData } from "./memory-data.ts";
import { acquire, release, type Twin } from "./memory-scripts.ts";

/** Three keys where the others have two. */
type FlightTwin = (data: MemoryData, keys: [lock: string, record: string, result?: string], args: string[]) => unknown;

interface Result {
  fence: string;
  kind: string;
  text: string;
}

function resultIn(value = ""): Partial<Result> {
  const [, fence, kind, text] = /^([1-9]\d*) ([=!])([\s\S]*)$/.exec(value) ?? [];
  return { fence, kind, text };
}

const fly: FlightTwin = (data, keys, args) => {
  const [lock, record, result = "", mark = result] = keys;
  const { fence, kind, text } = resultIn(data.get(result));
  if (kind === "=") return ["kept", -1, fence, `=${text}`];
  if (kind && args[4] && args[4] !== fence) return ["failed", -1, fence, "="];
  const answer = acquire(data, [lock, record, mark], args) as unknown[];
  if (kind && answer[0] === "granted") data.delete(result);
  if (kind && answer[0] === "busy") answer[2] = fence;
  return answer;
};

const land: FlightTwin = (data, keys, args) => {
  const [lock, record, result = ""] = keys;
  const [token, , , keep, value = ""] = args;
  if (data.get(lock) === token) data.set(result, value, Number(keep));
  return release(data, [lock, record], args);
};

const peek: FlightTwin = (data, [, , result = ""]) => {
  const { fence, kind, text } = resultIn(data.get(result));
  return kind ? [kind === "=" ? "kept" : "failed", -1, fence, `=${text}`] : ["free", -1, "", "="];
};

const leave: FlightTwin = (data, [lock, , result = ""], [token, keep, , value = ""]) => {
  const was = Number.parseInt(data.get(result) ?? "", 10) || 0;
  const fence = Number.parseInt(value, 10);
  if (was === fence) return ["held", -1, "", "="];
  if (was > fence || data.get(lock) !== token) return ["gone", -1, "", "="];
  data.set(result, value, Number(keep));
  return ["held", -1, "", "="];
};

/** What a single flight asks. */
export const FLIGHT_TWINS: ReadonlyMap<string, Twin> = new Map([
  [FLY, fly],
  [LAND, land],
  [PEEK, peek],
  [LEAVE, leave],
]);
