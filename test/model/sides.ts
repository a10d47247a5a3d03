import { memory } from "../../adapters/memory.ts";
import type { RespClient, RespReply } from "../support/resp.ts";
import { RespError } from "../support/resp.ts";
import { BEYOND, COUNTER, CURRENT, ITS_ID, SCRIPTS, type Step, TOKENS } from "./commands.ts";

/** What a step led to, in a form that both sides can be compared in. */
export interface State {
  reply: unknown;
  keys: { key: string; value: string; pttl: number }[];
}

/** One of the two that are compared. Times are milliseconds since 1970. */
export interface Side {
  run(step: Step, keys: readonly string[]): Promise<State>;
}

const recordOf = (key: string) => `fence.7t5:${key}`;
const resultOf = (key: string) => `result.qdb:${key}`;
const queueOf = (key: string) => `queue.b0v5:${key}`;
const isQueue = (key: string) => key.startsWith("queue.");

/** Every key that belongs to a lock. */
export const allOf = (keys: readonly string[]): string[] =>
  keys.flatMap((key) => [key, recordOf(key), resultOf(key), queueOf(key)]);

/** Those that a script has. */
const keysOf = (script: string, key: string) => [
  key,
  recordOf(key),
  script === "JOIN" || script === "PASS" ? queueOf(key) : resultOf(key),
];

type Member = [member: string, score: number];

/** A line in a form that can be compared: the places in their order, then who waits, with the milliseconds they have. */
function lineOf(members: Member[], now: number): string {
  const places = members.filter(([, score]) => score <= 1e12);
  const waiting = members.filter(([, score]) => score > 1e12).map(([who, until]): Member => [who, until - now]);
  return JSON.stringify([...places, ...waiting.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function argsOf(step: Step & { do: "eval" }, current: string, record: string): string[] {
  const counter = Number.parseInt(record, 10) || 1;
  const now: Record<string, string> = { [CURRENT]: current, [COUNTER]: `${counter}`, [BEYOND]: `${counter + 5}` };
  const [first, ...rest] = step.args;
  const token = typeof first === "number" ? (TOKENS[first] as string) : String(first);
  now[ITS_ID] = token.slice(0, 23);
  return [token, ...rest.map((arg) => now[arg] ?? String(arg))];
}

/** Time passes by shortening every key's life: a real second costs a real second. */
const PASS = `
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
  if key:sub(1, 6) == 'queue.' then
    local waiting = redis.call('ZRANGEBYSCORE', key, '1000000000001', '+inf')
    for _, who in ipairs(waiting) do redis.call('ZINCRBY', key, -ARGV[1], who) end
  end
end
return 0`;

/** The server, and through `clock` its time, for the other side to follow. */
export function redisSide(client: RespClient, clock: { now: number }): Side {
  async function run(step: Step, keys: readonly string[]): Promise<State> {
    const all = allOf(keys);
    const command = await commandOf(step, keys);
    const reads = all.flatMap((key) => [
      isQueue(key) ? ["ZRANGE", key, "0", "-1", "WITHSCORES"] : ["GET", key],
      ["PTTL", key],
    ]);
    // One transaction: what is read is what the command left, at the time that the clock is set to.
    const replies = await client.sendAll([["MULTI"], ["TIME"], command, ...reads, ["EXEC"]]);
    const [time, reply, ...found] = replies.at(-1) as RespReply[];
    const [seconds, micros] = (time as Buffer[]).map(String);
    // The fake's clock counts milliseconds: two commands in one would find no time between them.
    clock.now = Math.max(clock.now + 1, Number(seconds) * 1000 + Number(micros) / 1000);
    const state = all.map((key, index) => {
      const [value, pttl] = found.slice(2 * index) as [RespReply, number];
      return { key, value: Array.isArray(value) ? linedUp(value, clock.now) : value, pttl: Number(pttl) };
    });
    return {
      reply: plain(reply as RespReply),
      keys: state.flatMap(({ key, value, pttl }) => (value === null ? [] : [{ key, value: String(value), pttl }])),
    };
  }

  async function commandOf(step: Step, keys: readonly string[]): Promise<string[]> {
    if (step.do === "pass") {
      const all = allOf(keys);
      return ["EVAL", PASS, String(all.length), ...all, String(step.seconds * 1000)];
    }
    const key = keys[step.lock] as string;
    switch (step.do) {
      case "set":
        return ["SET", key, TOKENS[step.token] as string, "NX", "PX", String(step.ttl)];
      case "foreign":
        return ["SET", key, step.value, "NX", "PX", String(step.ttl)];
      case "record":
        return ["SET", recordOf(key), step.value, "NX", "PX", String(step.ttl)];
      case "result":
        return ["SET", resultOf(key), step.value, "NX", "PX", String(step.ttl)];
      case "delete":
        return ["DEL", step.record ? recordOf(key) : key];
      case "eval": {
        const [current, record] = (await client.sendAll([
          ["GET", key],
          ["GET", recordOf(key)],
        ])) as RespReply[];
        const args = argsOf(step, String(current ?? ""), String(record ?? ""));
        return ["EVAL", SCRIPTS[step.script], "3", ...keysOf(step.script, key), ...args];
      }
    }
  }

  return { run };
}

/** What ZRANGE says, `null` for a key that is not there. */
function linedUp(reply: RespReply[], now: number): string | null {
  const texts = reply.map(String);
  const members = texts.flatMap((member, index): Member[] => (index % 2 ? [] : [[member, Number(texts[index + 1])]]));
  return members.length ? lineOf(members, now) : null;
}

function plain(reply: RespReply): unknown {
  if (reply instanceof RespError) return "error";
  if (Array.isArray(reply)) return reply.map(plain);
  return Buffer.isBuffer(reply) ? String(reply) : reply;
}

/** The fake, whose clock is the server's plus the seconds that have passed. */
export function memorySide(clock: { now: number }): Side {
  let passed = 0;
  const store = memory({ clock: { now: () => clock.now + passed } });
  const stored = (key: string) => store.entries().find((entry) => entry.key === key)?.value;

  async function reply(step: Step, keys: readonly string[]): Promise<unknown> {
    if (step.do === "pass") {
      passed += step.seconds * 1000;
      return 0;
    }
    const key = keys[step.lock] as string;
    switch (step.do) {
      case "set":
        return store.set(key, TOKENS[step.token] as string, { nx: true, px: step.ttl });
      case "foreign":
        return store.set(key, step.value, { nx: true, px: step.ttl });
      case "record":
        return store.set(recordOf(key), step.value, { nx: true, px: step.ttl });
      case "result":
        return store.set(resultOf(key), step.value, { nx: true, px: step.ttl });
      case "delete": {
        const gone = step.record ? recordOf(key) : key;
        const value = stored(gone);
        // The fake has no DEL; a release of exactly the value that is there does the same.
        if (value !== undefined) await store.eval(SCRIPTS.RELEASE, [gone, "none"], [value, "0", ""]);
        return value === undefined ? 0 : 1;
      }
      case "eval":
        return store
          .eval(
            SCRIPTS[step.script],
            keysOf(step.script, key),
            argsOf(step, stored(key) ?? "", stored(recordOf(key)) ?? ""),
          )
          .catch(() => "error");
    }
  }

  return {
    run: async (step, keys) => ({
      reply: await reply(step, keys),
      keys: store
        .entries()
        .map((entry) =>
          isQueue(entry.key) ? { ...entry, value: lineOf(JSON.parse(entry.value), clock.now + passed) } : entry,
        ),
    }),
  };
}
