import { randomBytes } from "node:crypto";
import { createLocks, isLockError } from "holdfast";
import type { Connection } from "./connection.ts";
import type { Finding, Info } from "./findings.ts";
import * as judge from "./findings.ts";
import { said } from "./session.ts";

/** What doctor found out about one server. */
export interface Examination {
  reachable: boolean;
  /** Which run of which server it is, where it says so. */
  runId?: string | undefined;
  findings: Finding[];
}

const TRIPS = 5;
const UNREACHABLE = "Is it running there, and are address, password and TLS right?";

/** Examines one server, by what it says of itself and by a lock of our own. */
export async function examine(connection: Connection, prefix: string, ttl: number): Promise<Examination> {
  try {
    await connection.ready();
  } catch (error) {
    const found = said(error as Error);
    return { reachable: false, findings: [{ check: "reachable", status: "fail", found, advice: UNREACHABLE }] };
  }
  const findings: Finding[] = [];
  const timed = await time(connection);
  findings.push(...(timed.failed ? [timed.failed] : [judge.roundTrip(timed.trips, ttl), ...timed.clock]));
  findings.push(await scripts(connection), ...(await trial(connection, prefix)));

  let info: Info = new Map();
  try {
    info = judge.parseInfo(await connection.command("INFO"));
    const settings = await configuration(connection);
    const told = [judge.version(info), judge.eviction(info), judge.memory(info), judge.persistence(info, settings)];
    const rest = [judge.replication(info), judge.cluster(info), judge.age(info, ttl)];
    findings.push(...[...told, ...rest].filter((finding) => finding !== undefined));
  } catch (error) {
    const found = `not to be seen: ${said(error as Error)}`;
    const advice = "Allow this user INFO, or look at version, eviction, persistence and replicas by other means";
    findings.push({ check: "settings", status: "note", found, advice });
  }
  return { reachable: true, runId: info.get("run_id"), findings };
}

/** How long an answer takes, and how far the clocks are apart, by the quickest of some. */
async function time(connection: Connection): Promise<{ trips: number[]; clock: Finding[]; failed?: Finding }> {
  const trips: number[] = [];
  let best = { trip: Infinity, ahead: 0 };
  try {
    for (let turn = 0; turn < TRIPS; turn++) {
      const began = performance.now();
      const reply = await connection.command("TIME");
      const trip = performance.now() - began;
      trips.push(trip);
      const [seconds, micros] = (reply as unknown[]).map(Number);
      const ahead = (seconds as number) * 1000 + (micros as number) / 1000 - (Date.now() - trip / 2);
      if (trip < best.trip) best = { trip, ahead };
    }
    return { trips, clock: [judge.clock(best.ahead, best.trip)] };
  } catch (error) {
    return { trips, clock: [], failed: refused("round trip", error) };
  }
}

async function scripts(connection: Connection): Promise<Finding> {
  try {
    const answer = await connection.command("EVAL", "return 1", "0");
    if (Number(answer) !== 1) throw new Error(`the answer was ${answer}`);
    return { check: "EVAL", status: "ok", found: "scripts are run" };
  } catch (error) {
    return refused("EVAL", error);
  }
}

/** Takes a lock of its own, looks at it, extends it, and gives it back: whatever is not permitted shows. */
async function trial(connection: Connection, prefix: string): Promise<Finding[]> {
  const locks = createLocks(connection.transport, { prefix, ttl: "10s", wait: 0, commandTimeout: "5s" });
  const name = `holdfast-doctor-${randomBytes(8).toString("hex")}`;
  try {
    const lease = await locks.acquire(name);
    await lease.extend();
    const { held } = await locks.query(name);
    for await (const snapshot of locks.list()) void snapshot;
    const freed = await lease.release();
    if (!held || !freed) throw new Error("a lock that was just taken was not there; does another program delete keys?");
    return [{ check: "locks", status: "ok", found: "one was taken, seen, extended and given back" }];
  } catch (error) {
    if (!isLockError(error, "BACKEND")) return [refused("locks", error)];
    const [text = "", advice = ""] = error.message.replace(/^Redis did not (\w+).*?": /, "").split(/\. (?=[A-Z])/);
    return [{ check: "locks", status: "fail", found: text, advice: advice.replace(/\.$/, "") }];
  } finally {
    await locks.close();
    await connection.command("DEL", prefix + name, `fence.7t5:${prefix}${name}`).catch(() => {});
  }
}

async function configuration(connection: Connection): Promise<Info> {
  const settings = new Map<string, string>();
  for (const name of ["appendfsync", "save"]) {
    const reply = await connection.command("CONFIG", "GET", name).catch(() => []);
    if (Array.isArray(reply) && reply.length === 2) settings.set(name, String(reply[1]));
  }
  return settings;
}

function refused(check: string, error: unknown): Finding {
  const found = said(error as Error);
  const advice = /NOPERM/.test(found)
    ? "Allow this user eval evalsha set get del pttl pexpire time scan @sortedset, on the prefix, fence.7t5:* alive.dcr7:* queue.b0v5:* and result.qdb:*"
    : "Look at what Redis says here";
  return { check, status: "fail", found, advice };
}
