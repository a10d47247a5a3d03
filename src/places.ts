import type { Call, Core } from "./core.ts";
import { track } from "./core.ts";
import type { Instant } from "./deadline.ts";
import type { Scope } from "./limit.ts";
import { wake } from "./limit.ts";

/** A place in line. */
export interface Place {
  token: string;
  id: string;
  /** What its waiter pauses under. */
  scope: Scope;
  /** Whether Redis said that it has this place. */
  stood?: boolean;
  /** The fence of the grant that a message told of. */
  handed?: number | undefined;
}

/** What somebody who waits here was answered: whatever was granted with a larger fence was granted after it. */
export interface Answered extends Instant {
  fence: number;
  /** For how long it kept the places alive, milliseconds. */
  left: number;
}

/** The places of one name, in order, that are kept alive together. */
export interface Line {
  places: Place[];
  /** When one of them was answered last, on the monotonic clock. */
  polled: number;
  /** When the first of them was, or became the first. */
  since: number;
  /** Until when the first cannot have had its turn, on the monotonic clock. */
  far: number;
  /** The last answer, and the last one before the fence changed. */
  answers: Answered[];
}

/** Everyone who waits for messages on one channel. */
export interface Listener {
  who: string;
  /** Whether messages come. */
  listening: boolean;
  line(lock: string): Line | undefined;
  /** May be told from now on. */
  enter(place: Place): void;
  /** Has a place from now on, with so many before it. */
  stand(lock: string, place: Place, answer: Answered, before: number): void;
  leave(lock: string, place: Place): void;
  /** Says who was handed a lock; nobody, if no fence is known. */
  tell(id: string, fence: number | undefined): void;
}

/** How long a process goes on listening when nobody waits any more, in milliseconds: the next may come soon. */
const LINGER = 250;

/** Where callers may wake one another they listen together. */
const shared = new WeakMap<Core, Listener>();

/** None where the transport has no messages. */
export function listenerOf(call: Call): Listener | undefined {
  const { core, store } = call;
  if (!store.wire?.wakeups) return undefined;
  const listener = shared.get(core) ?? createListener(call);
  if (store.wire.sharesProcess) shared.set(core, listener);
  return listener;
}

/** The first of them is the only one that can be handed the lock. */
function stir(line: Line | undefined): void {
  const [first] = line?.places ?? [];
  if (first) wake(first.scope);
}

function createListener(call: Call): Listener {
  const { clock, background, core, waits, store } = call;
  const places = new Map<string, Place>();
  const lines = new Map<string, Line>();
  /** What ends the subscription that is there, or is being made. */
  let end: (() => void) | undefined;
  /** Ends the lingering that is under way. */
  let stay = () => {};

  function hush(): void {
    end?.();
    end = undefined;
    listener.listening = false;
  }

  function linger(): void {
    const over = new Promise<void>((resolve) => {
      const timer = background.timer(LINGER, () => finish());
      stay = () => {
        timer.cancel();
        resolve();
      };
    });
    const finish = () => {
      stay();
      hush();
    };
    track(call, waits, { until: clock.monotonic() + LINGER, over, end: finish });
  }

  function listen(): void {
    let unsubscribe: (() => void) | undefined;
    const mine = () => unsubscribe?.();
    end = mine;
    const heard = (message: string) => {
      const [, id = "", fence] = /^(t[\w-]{22}) ([1-9]\d*)$/.exec(message) ?? [];
      listener.tell(id, Number(fence));
    };
    store.wire?.wakeups?.listen(listener.who, heard).then(
      (stop) => {
        unsubscribe = stop;
        if (end !== mine) return stop();
        listener.listening = true;
        // What was said before nobody has heard: it has to be asked for, by who may have had its turn.
        for (const line of lines.values()) {
          if (clock.monotonic() < line.far) continue;
          line.polled = -Infinity;
          stir(line);
        }
      },
      // Who waits here polls.
      () => {},
    );
  }

  const listener: Listener = {
    who: `holdfast:${btoa(String.fromCharCode(...clock.randomBytes(15)))}`,
    listening: false,

    line: (lock) => lines.get(lock),

    enter(place) {
      places.set(place.id, place);
    },

    stand(lock, place, answer, before) {
      const line = lines.get(lock) ?? { places: [], polled: 0, since: 0, far: 0, answers: [] };
      lines.set(lock, line);
      line.polled = answer.mono;
      const [last] = line.answers;
      line.answers = last && last.fence < answer.fence ? [answer, last] : [answer, ...line.answers.slice(1)];
      if (!line.places.includes(place)) line.places.push(place);
      if (line.places[0] === place) {
        line.since = answer.mono;
        // None of those before it is served in less than a trip.
        line.far = answer.mono + before * (clock.monotonic() - answer.mono);
      }
      stay();
      if (!end) listen();
    },

    leave(lock, place) {
      places.delete(place.id);
      const line = lines.get(lock);
      const at = line?.places.indexOf(place) ?? -1;
      if (at >= 0) line?.places.splice(at, 1);
      if (line && !at) {
        line.since = clock.monotonic();
        stir(line);
      }
      if (!line?.places.length) lines.delete(lock);
      if (!line || lines.size) return;
      // Who could not listen tries again.
      if (store.wire?.sharesProcess && listener.listening && !core.closing) linger();
      else hush();
    },

    tell(id, fence) {
      const place = places.get(id);
      if (!place) return;
      place.handed = fence;
      wake(place.scope);
    },
  };
  return listener;
}
