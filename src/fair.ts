import { cleanUp } from "./clean-up.ts";
import type { Call } from "./core.ts";
import { lessDrift, since } from "./deadline.ts";
import { QUEUE } from "./keys.ts";
import type { Pace } from "./pace.ts";
import { createPace } from "./pace.ts";
import type { Place } from "./places.ts";
import { listenerOf } from "./places.ts";
import { COUNT, JOIN, PASS } from "./queue-scripts.ts";
import type { Stamped } from "./reply.ts";
import type { Attempted, Store } from "./store.ts";
import { runOver } from "./store.ts";
import type { Transport } from "./transport.ts";

/** How often a process that listens says that it is alive, in milliseconds; who polls does by polling. */
const KEEP = 1000;
/** Who polls says that it is there at least this often, in milliseconds. */
const RAREST = 5000;

/**
 * The same call, waiting in line. A place in line lapses twice the time until the next poll after the last one, and a
 * second: for so long a waiter that died may delay the others.
 */
export function inLine(outer: Call): Call {
  const { clock, lock, renew, ttl, fence, scope } = outer;
  const inner = outer.store;
  const listener = listenerOf(outer);
  let place: Place | undefined;
  let pace: Pace;
  let last: Stamped | undefined;
  /** What a first try to extend a grant that a message told of may take, in milliseconds. */
  let brief = Infinity;
  /** When to poll next, and when the holder's lock expires, on the monotonic clock. */
  let due = 0;
  let expires = Infinity;

  const whoOf = (token: string) => listener?.who ?? token.slice(0, 23);

  const run = runOver(inner.wire as Transport, clock);
  const keys = { ...outer, more: [QUEUE + lock] };

  function enter(token: string): Place {
    if (place?.token === token) return place;
    leave();
    place = { token, id: token.slice(0, 23), scope };
    listener?.enter(place);
    pace = createPace(outer);
    due = 0;
    expires = Infinity;
    return place;
  }

  function leave(): Place | undefined {
    const left = place;
    place = undefined;
    if (left) listener?.leave(lock, left);
    return left;
  }

  /** Until when nothing is asked. Of those who are kept alive together only the first can be handed the lock. */
  function quietUntil(mine: Place): number {
    const line = listener?.line(lock);
    if (!mine.stood || mine.handed) return 0;
    if (!line || !listener?.listening) return Math.min(due, expires);
    if (line.places[0] !== mine) return Infinity;
    return Math.min(line.polled + KEEP, line.since + KEEP, expires);
  }

  /**
   * A message tells of a grant and not of when that was. But it came after the last answer that knew a smaller fence, and
   * lasts until what that answer kept alive lapses.
   */
  function dated({ handed = 0 }: Place): Attempted | undefined {
    const before = listener?.line(lock)?.answers.find((answer) => answer.fence < handed);
    if (!renew || !before) return undefined;
    // No lease begins with more than its ttl.
    const left = Math.min(before.left, ttl);
    if (lessDrift(left) - since(clock, before) < left / 4) return undefined;
    // A third of what is left at least: there is time for another try.
    brief = left / 12;
    return { ...before, left, outcome: "granted", label: "", fence: handed };
  }

  /** Passes on what an answer says of a lock that was handed over: the message may have been lost. */
  function tell(answer: Stamped): Stamped {
    const [, id = "", label] = /^\?(t[\w-]{22}) ?(.*)$/s.exec(answer.label) ?? [];
    if (label === undefined) return answer;
    listener?.tell(id, answer.fence);
    return { ...answer, label };
  }

  const granted = (answer: Attempted): Attempted => {
    leave();
    return fence ? answer : { ...answer, fence: undefined };
  };

  async function acquire(...[call, token, , , send]: Parameters<Store["acquire"]>): Promise<Attempted> {
    scope.woken = false;
    const mine = enter(token);
    const soon = dated(mine);
    if (soon) return granted(soon);
    const quiet = quietUntil(mine) - clock.monotonic();
    if (quiet > 0) return { ...(last as Stamped), outcome: "busy", left: -1, pause: quiet };

    const interval = listener ? KEEP : Math.min(RAREST, Math.max(KEEP, 2 * pace.last));
    const life = 2 * interval + 1000;
    const stands = call.wait > 0;
    const { handed } = mine;
    const args = [token, call.ttl, call.life, whoOf(token), stands ? life : "", mine.stood ? 1 : ""];
    const answer = tell(await run(send, JOIN, "granted busy next waiting spent", keys, ...args));
    if (answer.outcome === "granted") return granted(answer);
    if (answer.outcome === "spent") leave();
    const next = answer.outcome === "next";
    if (!next && answer.outcome !== "waiting") return answer;

    const now = clock.monotonic();
    mine.stood = true;
    if (mine.handed === handed) mine.handed = undefined;
    listener?.stand(lock, mine, { ...answer, fence: answer.fence ?? 0, left: life }, next ? 0 : answer.left);
    last = answer;
    due = now + Math.min(interval, pace.after(next ? 0 : answer.left));
    expires = next && answer.left >= 0 ? now + answer.left + 1 : Infinity;
    return { ...answer, outcome: "busy", left: next ? answer.left : -1, pause: quietUntil(mine) - now };
  }

  const store: Store = {
    ...inner,

    acquire,

    async extend(call, token, ttl, send) {
      const most = brief;
      brief = Infinity;
      const answer = await inner.extend(call, token, ttl, (command) => send(command, most));
      // Asked, not extended.
      if (!ttl) brief = most;
      return answer;
    },

    async release(call, token, rest, send) {
      if (place?.token === token) leave();
      const answer = await run(send, PASS, "freed gone forced unrecorded", keys, token, rest, call.life, whoOf(token));
      listener?.tell(answer.label, answer.fence);
      return answer;
    },

    async query(call, send) {
      const asked = [inner.query(call, send), run(send, COUNT, "waiting", keys)] as const;
      const [answer, { left: waiting }] = await Promise.all(asked);
      return { ...answer, waiting };
    },
  };

  const call: Call = {
    ...outer,
    store,
    // After an attempt that failed: a place in line has to be kept.
    delay: (attempt) => Math.min(outer.delay(attempt), KEEP),
    over() {
      const left = leave();
      if (left?.stood) void cleanUp(call, left.token);
    },
  };
  return call;
}
