import { randomBytes } from "node:crypto";
import { createLocks, isLockError } from "holdfast";
import type { Connection } from "./connection.ts";
import type { Finding, Info } from "./findings.ts";
import * as judge from "./findings.ts";
import { said } from "./session.ts";
import { type Attentive, attentive } from "./silence.ts";

/** What doctor found out about one server. */
export interface Examination {
  reachable: boolean;
  /** Which run of which server it is, where it says so. */
  runId?: string | undefined;
  findings: Finding[];
}

const TRIPS = 5;
const DAY = 86_400_000;
/** The least ttl of our own lock, in milliseconds. */
const TRIAL = 10_000;
const UNREACHABLE = "Is it running there, and are address, password and TLS right?";

/** What the checks work with. */
interface Work extends Attentive {
  prefix: string;
  /** The ttl to judge by, in milliseconds. */
  ttl: number;
  /** The limit on any one command, in milliseconds. */
  timeout: number;
  info: Info;
}

/**
 * Examines one server, by what it says of itself and by a lock of our own. One that does not answer is asked nothing
 * more.
 */
export async function examine(
  connection: Connection,
  given: Pick<Work, "prefix" | "ttl" | "timeout">,
): Promise<Examination> {
  const findings: Finding[] = [];
  const away = (found: string): Examination => {
    const finding = { check: "reachable", status: "fail", found, advice: UNREACHABLE } as const;
    return { reachable: false, findings: [...findings, finding] };
  };
  try {
    await connection.ready();
  } catch (error) {
    return away(said(error as Error));
  }
  const work: Work = { ...attentive(connection), ...given, info: new Map() };
  for (const check of [time, scripts, trial, settings]) {
    const found = await check(work);
    const silence = work.silence();
    if (silence) return away(`it stopped answering in the middle: ${silence}`);
    findings.push(...found);
  }
  return { reachable: true, runId: work.info.get("run_id"), findings };
}

/** How long an answer takes, and how far the clocks are apart, by the quickest of some. */
async function time({ command, ttl }: Work): Promise<Finding[]> {
  const trips: number[] = [];
  let best = { trip: Infinity, ahead: 0 };
  try {
    for (let turn = 0; turn < TRIPS; turn++) {
      const began = performance.now();
      const reply = await command("TIME");
      const trip = performance.now() - began;
      trips.push(trip);
      const [seconds, micros] = (reply as unknown[]).map(Number);
      const ahead = (seconds as number) * 1000 + (micros as number) / 1000 - (Date.now() - trip / 2);
      if (trip < best.trip) best = { trip, ahead };
    }
    return [judge.roundTrip(trips, ttl), judge.clock(best.ahead, best.trip)];
  } catch (error) {
    return [refused("round trip", error)];
  }
}

async function scripts({ command }: Work): Promise<Finding[]> {
  try {
    const answer = await command("EVAL", "return 1", "0");
    if (Number(answer) !== 1) throw new Error(`the answer was ${answer}`);
    return [{ check: "EVAL", status: "ok", found: "scripts are run" }];
  } catch (error) {
    return [refused("EVAL", error)];
  }
}

/** Takes a lock of its own, looks at it, extends it, and gives it back: whatever is not permitted shows. */
async function trial({ prefix, timeout, transport, command, silence, leave }: Work): Promise<Finding[]> {
  // Between two extensions there are three commands at most.
  const ttl = `${Math.min(Math.max(TRIAL, 3 * timeout), DAY)}ms`;
  // The wire has its own limit, which tells silence from a refusal.
  const commandTimeout = `${Math.min(timeout + 1000, DAY)}ms`;
  const locks = createLocks(transport, { prefix, ttl, maxHold: ttl, wait: 0, commandTimeout });
  const name = `holdfast-doctor-${randomBytes(8).toString("hex")}`;
  try {
    for await (const _ of locks.list()) break;
    const lease = await locks.acquire(name);
    await lease.extend();
    const { held } = await locks.query(name);
    const freed = await lease.release();
    if (!held || !freed) throw new Error("a lock that was just taken was not there; does another program delete keys?");
    return [{ check: "locks", status: "ok", found: "one was taken, seen, extended and given back" }];
  } catch (error) {
    if (!isLockError(error, "BACKEND")) return [refused("locks", error)];
    const [text = "", advice = ""] = error.message.replace(/^Redis did not (\w+).*?": /, "").split(/\. (?=[A-Z])/);
    return [{ check: "locks", status: "fail", found: text, advice: advice.replace(/\.$/, "") }];
  } finally {
    await locks.close();
    const sweep = ["DEL", prefix + name, `fence.7t5:${prefix}${name}`] as const;
    if (silence()) leave(...sweep);
    else await command(...sweep).catch(() => {});
  }
}

async function settings(work: Work): Promise<Finding[]> {
  const { command, ttl } = work;
  try {
    const info = judge.parseInfo(await command("INFO"));
    work.info = info;
    const kept = await configuration(work);
    const told = [judge.version(info), judge.eviction(info), judge.memory(info), judge.persistence(info, kept)];
    const rest = [judge.replication(info), judge.cluster(info), judge.age(info, ttl)];
    return [...told, ...rest].filter((finding) => finding !== undefined);
  } catch (error) {
    const found = `not to be seen: ${said(error as Error)}`;
    const advice = "Allow this user INFO, or look at version, eviction, persistence and replicas by other means";
    return [{ check: "settings", status: "note", found, advice }];
  }
}

async function configuration({ command }: Work): Promise<Info> {
  const settings = new Map<string, string>();
  for (const name of ["appendfsync", "save"]) {
    const reply = await command("CONFIG", "GET", name).catch(() => []);
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
