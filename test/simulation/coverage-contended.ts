import type { Execution } from "./network.ts";
import { WAITING_ALLOWED, WAKE_FAULTS } from "./plan.ts";

/** More about what a script of callers that contend did, than its answer says. */
export function detailOf({ message, before, after, reply }: Execution): string {
  const { kind, token, more } = message;
  const [outcome, left, fence] = Array.isArray(reply) ? (reply as [string, number, string]) : [];
  const handsOn = after !== undefined && after.value !== before?.value && after.value.startsWith("?");
  if (kind === "join") {
    if (outcome === "granted" && before?.value === `?${token}`) return ", it was handed it";
    if (outcome === "granted" && before?.value === token) return ", replayed";
    return handsOn ? ", a free lock went to another" : "";
  }
  if (kind === "pass") {
    if (outcome === "freed" && fence) return ", to another of the process";
    if (handsOn) return before?.value === `?${token}` ? ", handed on unseen" : ", handed on";
    return outcome === "freed" && more[0] !== "0" ? ", and kept" : "";
  }
  if (kind !== "hand" || outcome === "gone") return "";
  if (outcome === "granted") return after?.value === before?.value && left ? ", replayed" : "";
  return "";
}

export const CONTENDED_FAULTS: readonly string[] = [...WAKE_FAULTS, ...WAITING_ALLOWED].map((kind) => `fault: ${kind}`);

export const CONTENDED_BRANCHES: readonly string[] = [
  "join: granted",
  "join: granted, it was handed it",
  "join: granted, replayed",
  "join: busy",
  "join: busy, a free lock went to another",
  "join: next",
  "join: next, a free lock went to another",
  "join: waiting",
  "join: waiting, a free lock went to another",
  "join: spent",
  "pass: freed",
  "pass: freed, handed on",
  "pass: freed, handed on unseen",
  "pass: freed, to another of the process",
  "pass: freed, and kept",
  "pass: gone",
  "pass: forced",
  "pass: unrecorded",
  "hand: granted",
  "hand: granted, replayed",
  "hand: freed",
  "hand: gone",
  "hand: forced",
  "message: heard",
  "message: nobody listened",
  "call: granted by a message",
  "place: lapsed",
  "line: handed, and over before it was known",
  "line: the lock was handed to one that had crashed",
  "line: went on after one that had crashed",
  "remote: had its turn beside a busy process",
];
