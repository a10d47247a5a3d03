import { setImmediate as turn } from "node:timers/promises";
import type { Transport } from "../../src/index.ts";
import type { Order, Step } from "./messages.ts";

export interface Gate {
  /** Resolves at once, unless this step is armed: then when the driver says so. */
  pass(step: Step): Promise<void>;
  armed(step: Step): boolean;
  obey(order: Order): void;
}

/** Where the driver can catch this process: it says that it is there, and waits to be let go, stopped or killed. */
export function openGate(tell: (step: Step) => void): Gate {
  let awaited: Step | undefined;
  let waiting: Step | undefined;
  let released = Promise.resolve();
  let go = () => {};
  return {
    armed: (step) => awaited === step,
    async pass(step) {
      // What the library sends in place of a request that has waited here for too long waits with it.
      if (waiting === step) return released;
      if (awaited !== step) return;
      awaited = undefined;
      waiting = step;
      released = new Promise<void>((resolve) => {
        go = () => {
          waiting = undefined;
          resolve();
        };
      });
      tell(step);
      await released;
    },
    obey(order) {
      if (order.type === "arm") awaited = order.step;
      if (order.type === "disarm") awaited = undefined;
      if (order.type === "go") go();
    },
  };
}

/** What a process is doing with its lock. */
export type Phase = "acquire" | "renew" | "release";

export interface Stepped {
  transport: Transport;
  /** Not later than the sending of the request that was granted by the answer that has just come. */
  asked(): number;
  begin(phase: Phase): void;
}

/** Gates before each request, after its sending, and between its answer and the library's seeing it. */
export function stepped(inner: Transport, gate: Gate, now: () => number, quick: number): Stepped {
  let phase: Phase = "acquire";
  let unsure: number | undefined;
  let answered = 0;

  async function through<T>(send: () => Promise<T>): Promise<T> {
    const during = phase;
    await gate.pass(`${during}: before`);
    const sent = now();
    const answer = send();
    answer.catch(() => {});
    if (gate.armed(`${during}: sent`)) {
      // The clients write on their next turn.
      await turn();
      await turn();
      await gate.pass(`${during}: sent`);
    }
    try {
      const result = await answer;
      await gate.pass(`${during}: answered`);
      // The library may have given it up: then what it says is not what the library goes by.
      if (now() - sent > quick) unsure ??= sent;
      answered = sent;
      return result;
    } catch (error) {
      unsure ??= sent;
      throw error;
    }
  }

  const { deleteIf } = inner;
  const transport: Transport = {
    set: (key, value, options) => through(() => inner.set(key, value, options)),
    eval: (script, keys, args) => through(() => inner.eval(script, keys, args)),
  };
  if (deleteIf) transport.deleteIf = (key, value) => through(() => deleteIf.call(inner, key, value));
  return {
    transport,
    asked: () => Math.min(unsure ?? answered, answered),
    begin(next) {
      phase = next;
      if (next === "acquire") unsure = undefined;
    },
  };
}
