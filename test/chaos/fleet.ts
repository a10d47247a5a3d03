import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TcpProxy } from "../support/tcp-proxy.ts";
import { type Holding, holdingsOf } from "./history.ts";
import { type Entry, now, readJournal } from "./journal.ts";
import type { Link, Message, Order, Part, Step } from "./messages.ts";
import type { Resource } from "./resource.ts";
import type { Stage } from "./stage.ts";

const PROGRAM = new URL("./worker.ts", import.meta.url);
/** Dozens of processes start here: compiled once. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/chaos", import.meta.url));

/** Longer than anything here takes on a busy machine: what is not there by then does not come. */
export const PATIENCE = 60_000;

export interface Worker {
  who: string;
  link: Link;
  proxy: TcpProxy;
  /** When its last write was accepted, on the common clock. */
  served: number;
  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
}

/** A worker that waits at a step until it is let go. */
export interface Caught {
  worker: Worker;
  go(): void;
}

export interface Fleet {
  readonly workers: readonly Worker[];
  /** The next worker, or the next of these, that comes to this step. */
  catch(step: Step, among?: readonly Worker[]): Promise<Caught>;
  /** SIGKILL; another one takes its place, over the same link. */
  replace(worker: Worker): Promise<Worker>;
  /** Resolves when each of these was served after the moment, by default one of them and now. */
  served(workers: readonly Worker[], how?: "one" | "all", since?: number): Promise<void>;
  /** Lets them end by themselves; says what did not go as it should. */
  finish(): Promise<string[]>;
  journals(): { who: string; entries: Entry[] }[];
  holdings(): Holding[];
  /** Ends what is still there. */
  close(): Promise<void>;
}

export interface FleetOptions {
  size: number;
  ttl: number;
  random: () => number;
  resource: Resource;
  fair?: boolean | undefined;
}

export async function openFleet(
  stage: Pick<Stage, "connect">,
  { size, ttl, random, resource, fair = false }: FleetOptions,
): Promise<Fleet> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-journals-"));
  const journals = new Map<string, string>();
  const children = new Map<Worker, ChildProcess>();
  const watchers = new Set<() => void>();
  const wanted = new Map<Worker, Step>();
  const arrived = new Set<Worker>();
  let started = 0;

  const order = (worker: Worker, what: Order) => void children.get(worker)?.send(what, () => {});

  function hear(worker: Worker, message: Message): void {
    if (message.type === "at") {
      // Who comes before it has heard that another was caught goes on.
      if (wanted.get(worker) === message.step) arrived.add(worker);
      else order(worker, { type: "go" });
    } else {
      const answer = resource.serve(message);
      if (message.type === "write" && answer.accepted) worker.served = now();
      order(worker, { type: "answer", id: message.id, answer });
    }
    for (const look of [...watchers]) look();
  }

  /** Resolves with what `look` finds, which is asked again at each message. */
  function wait<T>(look: () => T | undefined, otherwise: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const again = () => {
        const found = look();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const limit = setTimeout(() => {
        stop();
        reject(new Error(`${otherwise} within ${PATIENCE / 1000} s`));
      }, PATIENCE);
      const stop = () => {
        clearTimeout(limit);
        watchers.delete(again);
      };
      watchers.add(again);
      again();
    });
  }

  function launch(link: Link, proxy: TcpProxy): Worker {
    const who = `${link.kind} ${++started}`;
    const journal = join(dir, `${started}.jsonl`);
    const part: Part = { who, link, ttl, journal, lock: "the lock", fair, seed: Math.floor(random() * 2 ** 31) };
    const child = fork(PROGRAM, [JSON.stringify(part)], {
      execArgv: [],
      env: { ...process.env, NODE_COMPILE_CACHE },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const worker: Worker = { who, link, proxy, served: 0, kill: (signal) => void child.kill(signal) };
    journals.set(who, journal);
    children.set(worker, child);
    child.on("message", (message: Message) => hear(worker, message));
    return worker;
  }

  // A stopped process would outlive its driver.
  const killAll = () => {
    for (const child of children.values()) child.kill("SIGKILL");
  };
  process.once("exit", killAll);

  const workers: Worker[] = [];
  for (let index = 0; index < size; index++) {
    const { link, proxy } = await stage.connect(index);
    workers.push(launch(link, proxy));
  }

  const fleet: Fleet = {
    workers,
    async catch(step, among = workers) {
      for (const worker of among) {
        wanted.set(worker, step);
        order(worker, { type: "arm", step });
      }
      const caught = await wait(() => among.find((each) => arrived.has(each)), `nobody came to "${step}"`);
      for (const each of among) {
        wanted.delete(each);
        const came = arrived.delete(each);
        if (each !== caught) order(each, { type: came ? "go" : "disarm" });
      }
      return { worker: caught, go: () => order(caught, { type: "go" }) };
    },
    async replace(worker) {
      const child = children.get(worker) as ChildProcess;
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      children.delete(worker);
      const next = launch(worker.link, worker.proxy);
      workers[workers.indexOf(worker)] = next;
      return next;
    },
    async served(which, how = "one", since = now()) {
      const done = (worker: Worker) => worker.served > since;
      const what = `${how} of ${which.map(({ who }) => who).join(", ")}`;
      await wait(() => (how === "one" ? which.some(done) : which.every(done)) || undefined, `${what} was not served`);
    },
    async finish() {
      const faults: string[] = [];
      const end = async ([worker, child]: [Worker, ChildProcess]) => {
        order(worker, { type: "finish" });
        const limit = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
        clearTimeout(limit);
        if (child.exitCode !== 0) faults.push(`${worker.who} ended with ${child.signalCode ?? child.exitCode}`);
      };
      await Promise.all([...children].map(end));
      return faults;
    },
    journals: () => [...journals].map(([who, path]) => ({ who, entries: readJournal(path) })),
    holdings: () => fleet.journals().flatMap(({ who, entries }) => holdingsOf(who, entries)),
    async close() {
      process.off("exit", killAll);
      const ended = [...children.values()].map((child) =>
        child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined,
      );
      killAll();
      await Promise.all(ended);
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    await fleet.served(workers, "all", 0);
  } catch (error) {
    await fleet.close();
    throw error;
  }
  return fleet;
}
