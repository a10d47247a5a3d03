import { type Examination, examine } from "./examine.ts";
import { EXIT, type Exit } from "./exits.ts";
import type { Finding } from "./findings.ts";
import { shown } from "./say.ts";
import type { Common, Session } from "./session.ts";
import { inSession, milliseconds } from "./session.ts";

const COLOUR: Readonly<Record<Finding["status"], number>> = { ok: 32, note: 36, warn: 33, fail: 31 };
const WIDTH = 12;

/** What can only be seen of several servers together. */
function together(examined: readonly Examination[]): Finding[] {
  const size = examined.length;
  if (size < 2) return [];
  const majority = Math.floor(size / 2) + 1;
  const reached = examined.filter(({ reachable }) => reachable).length;
  const ids = examined.flatMap(({ runId }) => runId ?? []);
  const findings: Finding[] = [];
  const found = `${reached} of ${size} servers are reached, ${majority} are needed`;
  const advice = "Bring the others back";
  findings.push(
    reached < majority
      ? { check: "majority", status: "fail", found, advice }
      : { check: "majority", status: reached < size ? "warn" : "ok", found, ...(reached < size && { advice }) },
  );
  if (new Set(ids).size < ids.length) {
    const same = "two addresses lead to the same server, which then has two votes";
    findings.push({ check: "independence", status: "fail", found: same, advice: "Give each server once" });
  }
  if (size % 2 === 0) {
    const even = `${size} servers survive no more failures than ${size - 1}`;
    findings.push({ check: "number", status: "note", found: even, advice: "Three or five are best" });
  }
  return findings;
}

function section(title: string, findings: readonly Finding[], paint: boolean): string {
  const lines = findings.flatMap(({ check, status, found, advice }) => {
    const label = status === "fail" ? "FAIL" : status;
    const padded = label.padEnd(4);
    const mark = paint ? `\u001b[${COLOUR[status]}m${padded}\u001b[0m` : padded;
    const line = `  ${mark}  ${check.padEnd(WIDTH)}  ${shown(found)}`;
    return advice ? [line, `${" ".repeat(10 + WIDTH)}-> ${shown(advice)}`] : [line];
  });
  return [title, ...lines].join("\n");
}

async function all({ connections, clean, timeout }: Session, prefix: string, ttl: number): Promise<Examination[]> {
  const examined = await Promise.all((await connections()).map((one) => examine(one, { prefix, ttl, timeout })));
  return examined.map((one) => ({
    ...one,
    findings: one.findings.map((finding) => ({ ...finding, found: clean(finding.found) })),
  }));
}

export async function doctor(common: Common, options: { ttl: string }): Promise<Exit> {
  return inSession(common, async (session) => {
    const { say, servers } = session;
    const ttl = milliseconds("--ttl", options.ttl, 20, 86_400_000);
    const examined = await all(session, common.prefix, ttl);
    const joint = together(examined);
    const failed = [...joint, ...examined.flatMap(({ findings }) => findings)].filter(
      ({ status }) => status === "fail",
    );
    const reached = examined.filter(({ reachable }) => reachable).length;
    const enough = reached > Math.floor(servers.length / 2);
    // A quorum works on while a minority of its servers is away.
    const fit = enough && failed.every(({ check }) => check === "reachable");

    const paint = process.stdout.isTTY === true && !process.env.NO_COLOR;
    const parts = servers.map(({ label, from }, index) =>
      section(`${label} (from ${from})`, examined[index]?.findings ?? [], paint),
    );
    if (joint.length > 0) parts.push(section("all of them", joint, paint));
    const data = servers.map(({ label, from }, index) => ({
      redis: label,
      from,
      reachable: examined[index]?.reachable ?? false,
      findings: examined[index]?.findings ?? [],
    }));
    say.result(parts.join("\n\n"), { fit, servers: data, together: joint });
    return { code: fit ? EXIT.done : enough ? EXIT.refused : EXIT.unreachable };
  });
}
