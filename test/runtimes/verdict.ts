import type { Runtime } from "./list.ts";
import type { Group, Report } from "./suite/place.ts";

export interface Verdict {
  version: string;
  passed: number;
  failed: number;
  groups: Map<Group, number>;
  failures: string[];
}

/** What each runtime runs; `features` differ by what it has. */
export function groupsOf({ lacks, line }: Runtime): Group[] {
  return [
    "memory",
    "REST",
    "REST faults",
    ...(line ? (["memory, in line", "REST, in line"] as const) : []),
    ...(lacks.includes("TCP") ? [] : (["ioredis", "node-redis"] as const)),
    "single flight",
    "features",
  ];
}

/** Judges a report: each group is there, and is test by test the one of the runtime that was first. */
export function judge(runtime: Runtime, { version, results }: Report, first: Map<Group, string>): Verdict {
  const failures = results.flatMap(({ group, name, error }) => (error ? [`${group} > ${name}\n${error}`] : []));
  const groups = new Map<Group, number>();
  let passed = 0;
  for (const { group, error } of results) {
    if (error) continue;
    passed++;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  if (!version.startsWith(runtime.version ?? "")) {
    failures.push(`it is version ${version}, and the list says ${runtime.version}`);
  }
  for (const group of groupsOf(runtime)) {
    const names = results.filter((result) => result.group === group).map(({ name }) => name);
    if (names.length === 0) failures.push(`${group}: no test was run`);
    if (group === "features") continue;
    const all = names.sort().join("\n");
    if (!first.has(group)) first.set(group, all);
    if (first.get(group) !== all) failures.push(`${group}: not the same tests as in the runtime that was first`);
  }
  return { version, passed, failed: failures.length, groups, failures };
}
