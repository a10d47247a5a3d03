import { spawn } from "node:child_process";
import { afterAll, expect, test } from "vitest";
import { endGroup, inMilliseconds, margin, patience, until } from "../../cli/ending.ts";
import type { Group } from "../../cli/group.ts";
import { groupOf } from "../../cli/group.ts";
import { fromPs, processes } from "../../cli/processes.ts";
import { until as eventually } from "../support/redis-process.ts";

const sleeper = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
afterAll(() => sleeper.kill("SIGKILL"));

test("ps says of a process what /proc says, but for its session", () => {
  const of = (list: ReturnType<typeof processes>) => list.find(({ pid }) => pid === sleeper.pid);
  expect(of(fromPs())).toMatchObject({ pid: sleeper.pid, parent: process.pid, group: sleeper.pid });
  expect(of(processes())).toMatchObject({ pid: sleeper.pid, parent: process.pid, group: sleeper.pid });
});

test("a group has the command and not the one who started it, whether it leads or not", () => {
  const session = processes().find(({ pid }) => pid === sleeper.pid)?.session ?? 0;
  const members = { pid: sleeper.pid as number, mark: "HOLDFAST_TOKEN=x", session };
  expect(groupOf({ ...members, leads: true }).left()).toBe(true);
  expect(groupOf({ ...members, leads: false }).left()).toBe(true);
  expect(groupOf({ ...members, pid: 2 ** 30, leads: true }).left()).toBe(false);
});

/** A group that ends at a signal, or does not, and notes what it hears. */
function pretended(endsAt: NodeJS.Signals, strays = false): { group: Group; heard: string[] } {
  const heard: string[] = [];
  const send = (signal: NodeJS.Signals) => void heard.push(signal);
  return { heard, group: { pass: send, send, left: () => !heard.includes(endsAt), hasStrays: () => strays } };
}

test("TERM, and no KILL for who ends by it", async () => {
  const { group, heard } = pretended("SIGTERM");
  expect(await endGroup(group, 60_000, () => 60_000)).toBe(true);
  expect(heard).toEqual(["SIGTERM", "SIGCONT"]);
});

test("KILL when the grace is over, or the time is, and at once when there is neither", async () => {
  for (const [grace, left] of [
    [50, 60_000],
    [60_000, 50],
  ] as const) {
    const { group, heard } = pretended("SIGKILL");
    const deadline = inMilliseconds(left);
    expect(await endGroup(group, grace, () => until(deadline))).toBe(true);
    expect(heard).toEqual(["SIGTERM", "SIGCONT", "SIGKILL"]);
  }
  const { group, heard } = pretended("SIGKILL");
  await endGroup(group, 60_000, () => -5);
  expect(heard).toEqual(["SIGKILL"]);
});

test("who was killed with something of its own outside of the group has ended nothing there; who ended at TERM has", async () => {
  expect(await endGroup(pretended("SIGKILL", true).group, 0, () => 60_000)).toBe(false);
  expect(await endGroup(pretended("SIGTERM", true).group, 60_000, () => 60_000)).toBe(true);
});

test("strays are what has left the session of a group and is still a child in it", async () => {
  const script = "setsid sleep 60 & echo; wait";
  const shell = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const group = groupOf({ pid: shell.pid as number, leads: true, mark: "HOLDFAST_TOKEN=x", session: 0 });
  const strayed = () => processes().find(({ parent, session }) => parent === shell.pid && session !== shell.pid);
  try {
    await eventually(async () => strayed() !== undefined, "nothing left the session");
    expect(group.hasStrays()).toBe(true);
  } finally {
    const stray = strayed();
    if (stray) process.kill(stray.pid, "SIGKILL");
    shell.kill("SIGKILL");
  }
  const { pid } = sleeper;
  expect(groupOf({ pid: pid as number, leads: true, mark: "HOLDFAST_TOKEN=x", session: 0 }).hasStrays()).toBe(false);
});

test("a deadline passes when either clock says so", () => {
  const deadline = inMilliseconds(10_000);
  expect(until(deadline)).toBeGreaterThan(5000);
  expect(until({ ...deadline, wall: Date.now() - 1 })).toBeLessThan(0);
  expect(until({ ...deadline, mono: 0 })).toBeLessThan(0);
  expect([margin(200), margin(30_000)]).toEqual([20, 100]);
});

test("the guardian gives precedence out of the grace, and never out of the reserve before the ttl", () => {
  expect([patience(1000, 300, false), patience(1000, 300, true)]).toEqual([800, 1000]);
  // --ttl 400ms --grace 0: the KILL is due with the reserve still left.
  expect([patience(0, 0, false), patience(0, 99, false)]).toEqual([0, 0]);
});
