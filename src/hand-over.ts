import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { instant } from "./deadline.ts";
import { HAND } from "./hand-over-scripts.ts";
import { MARK } from "./keys.ts";
import { wake } from "./limit.ts";
import type { Line, Waiter } from "./local-line.ts";
import { isHeld, lineIn, linesOf, stir } from "./local-line.ts";
import type { Stamped } from "./reply.ts";
import { malformed } from "./reply.ts";
import type { Attempted, Store } from "./store.ts";
import { runOver } from "./store.ts";
import type { Transport } from "./transport.ts";

/** How long nobody here asks when it is another's turn, in milliseconds: as long as a wait pauses at most, and its trip. */
const STAND_BACK = 1250;

/** How long nobody here asks while it is being handed over, in milliseconds: it may be freed for another's turn. */
const HANDING = 100;

/** Kept at the end of a wait for asking Redis who has the lock, in milliseconds: what the others here do is no answer. */
const LAST_WORD = 1000;

/**
 * The same call, in line with the others here who want the lock. The first of them talks to Redis; a release hands the
 * lock to it, by one request that changes the token. Who waits elsewhere leaves a mark when it finds the lock held from
 * here, and has its turn soon.
 */
export function inTurn(outer: Call): Call {
  const { clock, core, lock, scope } = outer;
  const inner = outer.store;
  const here = linesOf(core);
  const began = clock.monotonic();
  const lastWord = began + outer.wait - Math.min(LAST_WORD, outer.wait / 4);
  const self: Waiter = { call: outer, due: 0 };
  let asked = 0;
  /** When the holder's lock expires, on the monotonic clock. */
  let expires = Infinity;

  const lineOf = () => lineIn(here, lock, clock);

  function leave(line: Line): void {
    const at = line.waiters.indexOf(self);
    if (at >= 0) line.waiters.splice(at, 1);
    if (!at) stir(line);
    tidy(line);
  }

  function tidy(line: Line): void {
    if (!line.waiters.length && !line.holder) here.delete(lock);
  }

  const holds = (line: Line) => isHeld(line, clock);

  /** What nobody has asked Redis. */
  const say = (outcome: string, label = ""): Attempted => ({
    outcome,
    left: -1,
    fence: undefined,
    label,
    ...instant(clock),
  });

  /** Waits here, without a request. */
  function stand(line: Line): Attempted {
    if (!line.waiters.includes(self)) line.waiters.push(self);
    const now = clock.monotonic();
    if (line.waiters[0] !== self) self.due = Infinity;
    else if (self.due === Infinity) self.due = now + outer.delay(++asked);
    // During an outage nobody says that another has it.
    const known = holds(line) || (line.busy && line.busy.mono >= began);
    return {
      ...say(known ? "busy" : "unknown", line.holder?.token.replace(/^\S* ?/, "") ?? line.busy?.label),
      pause: Math.max(line.back, Math.min(self.due, lastWord)) - now,
    };
  }

  function granted(token: string, answer: Attempted): Attempted {
    const line = lineOf();
    line.holder = { ...answer, token };
    leave(line);
    return answer;
  }

  /** Whether a caller here has this token's grant: it may have found it by asking, while it was being handed over. */
  const has = (token: string) => here.get(lock)?.holder?.token === token;

  async function acquire(...[call, token, plain, timed, send]: Parameters<Store["acquire"]>): Promise<Attempted> {
    scope.woken = false;
    if (self.spoilt === token) return say("spent");
    self.token = token;
    const line = lineOf();
    const { handed } = self;
    self.handed = undefined;
    if (handed) return handed;
    const first = !line.waiters.length || line.waiters[0] === self;
    const now = clock.monotonic();
    if (first && !self.due && holds(line)) self.due = Infinity;
    const quiet = Math.max(line.back, Math.min(lastWord, first ? self.due : Infinity));
    if (call.wait > 0 && now < quiet) return stand(line);
    if (call.wait > 0 && first) line.waiters[0] = self;

    // Who waits for another caller here leaves no mark.
    const answer = await inner.acquire(holds(line) ? { ...call, wait: 0 } : call, token, plain, timed, send);
    if (self.handed) return acquire(call, token, plain, timed, send);
    // What it was granted is being given back.
    if (self.spoilt === token) return say("spent");
    if (answer.outcome === "granted") return granted(token, answer);
    if (answer.outcome !== "busy" || !call.wait) return answer;
    line.busy = answer;
    const then = clock.monotonic();
    if (timed) expires = Infinity;
    if (answer.left >= 0) expires = then + answer.left + 1;
    self.due = Math.min(then + outer.delay(++asked), Math.max(expires, then + 1));
    if (!line.waiters.includes(self)) line.waiters.push(self);
    return { ...answer, pause: self.due - then };
  }

  const run = runOver(inner.wire as Transport, clock);

  async function release(
    ...[call, token, rest, send]: Parameters<Store["release"]>
  ): Promise<Pick<Stamped, "outcome">> {
    const line = lineOf();
    if (self.token === token) leave(line);
    // Handed over once, and only by who was granted it: who asks again does not know which of both has the lock, and what
    // cleans up after a wait not whether it had it.
    const held = line.holder?.token === token;
    if (held) line.holder = undefined;
    const [next] = line.waiters;
    const theirs = next?.token;
    if (!theirs || rest || !held || core.closing || next.spoilt === theirs) {
      const answer = await inner.release(call, token, rest, send);
      // Meanwhile there may be another line.
      if (answer.outcome === "freed" && !rest) stir(lineOf(), 0);
      tidy(lineOf());
      return answer;
    }

    const { ttl, fence, life } = next.call;
    const args = [token, 0, call.fence ? call.life : "", theirs, ttl, fence ? life : ""];
    const keys = { ...call, more: [MARK + lock] };
    let answer: Stamped;
    line.back = clock.monotonic() + HANDING;
    try {
      answer = await run(send, HAND, "granted freed gone forced unrecorded", keys, ...args);
      if (answer.outcome === "granted" && fence !== !!answer.fence) throw malformed(answer);
    } catch (thrown) {
      if (!has(theirs)) {
        next.spoilt = theirs;
        void cleanUp({ ...next.call, store: inner }, theirs);
        wake(next.call.scope);
      }
      throw thrown;
    } finally {
      line.back = 0;
    }
    if (answer.outcome !== "granted") {
      // Somebody elsewhere waits, and asks within a second: until then it is as good as theirs.
      if (answer.outcome === "freed") {
        line.back = clock.monotonic() + STAND_BACK;
        line.busy = { ...answer, mono: line.back };
        stir(line, line.back);
      }
      return answer;
    }
    if (next.token === theirs && next.spoilt !== theirs && line.waiters[0] === next) {
      line.waiters.shift();
      line.holder = { ...answer, token: theirs };
      next.handed = answer;
      wake(next.call.scope);
      stir(line);
    } else if (!has(theirs)) void cleanUp({ ...next.call, store: inner }, theirs);
    return { outcome: "freed" };
  }

  const call: Call = {
    ...outer,
    handsOver: true,
    store: {
      ...inner,
      acquire,
      release,
      async extend(...args) {
        const answer = await inner.extend(...args);
        const holder = here.get(lock)?.holder;
        if (answer.outcome === "held" && holder?.token === args[1]) Object.assign(holder, answer);
        return answer;
      },
    },
    over() {
      const { handed, token } = self;
      self.token = undefined;
      const line = here.get(lock);
      if (line) leave(line);
      // Handed over at the moment at which its wait ended.
      if (handed && token) void cleanUp(call, token);
    },
  };
  return call;
}
