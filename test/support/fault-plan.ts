import { type Exchange, type Fault, type FaultKind, type FaultOptions, faultTable } from "./rest-faults.ts";

export interface FaultHandle {
  /** Settles when the first request is hit: it has arrived and nothing of it is executed yet. */
  hit: Promise<void>;
  /** Settles when the fault is over for the first request hit, late executions included. */
  done: Promise<void>;
  /** Lets `hold` execute its requests, also those yet to come; then wait for `done`. */
  release(): void;
}

/** From 0 to 1 for each kind, 1 at most in sum. Nobody could release a `hold` that came by chance. */
export type FaultRates = Partial<Record<Exclude<FaultKind, "hold">, number>>;

export interface Faults {
  /** The next request that fits; several queue up in order. */
  next(kind: FaultKind, options?: FaultOptions): FaultHandle;
  /** Every request that fits and that nothing queued takes. */
  always(kind: FaultKind, options?: FaultOptions): FaultHandle;
  /** Any other request that fits: each kind with its probability, by numbers from `random` in the order of arrival. */
  rate(rates: FaultRates, random: () => number, options?: FaultOptions): void;
  /** Forgets all that is planned. A request that a fault has hit stays hit. */
  clear(): void;
}

export interface ChosenFault {
  kind: FaultKind;
  released: Promise<void>;
  run(x: Exchange): Promise<void>;
}

interface Planned extends FaultHandle {
  options: FaultOptions;
  left: number;
  fault(): ChosenFault;
}

/** The plan of a server, and the function that takes the fault for a request from it. */
export function planFaults(): { faults: Faults; choose(commands: string[][]): ChosenFault | undefined } {
  let queue: Planned[] = [];
  let standing: Planned[] = [];
  let draw: (commands: string[][]) => Planned | undefined = () => undefined;
  const fits = ({ when }: FaultOptions, commands: string[][]) => !when || commands.some((command) => when(command));

  return {
    faults: {
      next(kind, options = {}) {
        const one = plan(kind, options, options.times ?? 1);
        queue.push(one);
        return one;
      },
      always(kind, options = {}) {
        const one = plan(kind, options, options.times ?? Number.POSITIVE_INFINITY);
        standing.push(one);
        return one;
      },
      rate(rates, random, options = {}) {
        draw = (commands) => {
          if (!fits(options, commands)) return undefined;
          let drawn = random();
          for (const [kind, probability] of Object.entries(rates) as [keyof FaultRates, number][]) {
            if (drawn < probability) {
              // Half of the gateway errors hide a command that was executed.
              const executed = options.executed ?? (kind === "badGateway" && random() < 0.5);
              return plan(kind, { ...options, executed }, 1);
            }
            drawn -= probability;
          }
          return undefined;
        };
      },
      clear() {
        queue = [];
        standing = [];
        draw = () => undefined;
      },
    },
    choose(commands) {
      const fitting = [...queue, ...standing].find((one) => one.left > 0 && fits(one.options, commands));
      return (fitting ?? draw(commands))?.fault();
    },
  };
}

function plan(kind: FaultKind, options: FaultOptions, times: number): Planned {
  const [hit, done, released] = [latch(), latch(), latch()];
  const planned: Planned = {
    options,
    left: times,
    hit: hit.opened,
    done: done.opened,
    release: released.open,
    fault() {
      planned.left--;
      hit.open();
      const run: Fault = faultTable[kind];
      return { kind, released: released.opened, run: (x) => run(x, options).finally(done.open) };
    },
  };
  return planned;
}

function latch(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
