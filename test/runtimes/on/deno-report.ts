import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Group, Result } from "../suite/place.ts";

const ENTITIES: Record<string, string> = { quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" };

/** Deno decides what has failed, because it looks for leaks after a test is over; read from its JUnit report. */
export function denoResults(deno: string, file: string, exitCode: number): [version: string, results: Result[]] {
  const version = execFileSync(deno, ["--version"], { encoding: "utf8" }).split(" ")[1] ?? "";
  const results = [...readFileSync(file, "utf8").matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes = "", body = ""]) => result(attributes, body),
  );
  if (exitCode !== 0 && !results.some(({ error }) => error)) {
    results.push({ group: "features", name: "deno test", ms: 0, error: `deno test ended with ${exitCode}` });
  }
  return [version, results];
}

function result(attributes: string, body: string): Result {
  const [group = "", name = ""] = plain(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "").split(/ > (.*)/s);
  const ms = Number(/\btime="([\d.]*)"/.exec(attributes)?.[1]) * 1000;
  return { group: group as Group, name, ms, ...(body.trim() && { error: plain(body.replace(/<[^>]*>/g, "")).trim() }) };
}

function plain(xml: string): string {
  return xml.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
    name ? (ENTITIES[name] ?? "") : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)),
  );
}
