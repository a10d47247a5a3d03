import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Contender, type Place, Unsupported } from "../contenders/contender.ts";
import type { Answer, Order, Reply, Run } from "./orders.ts";
import { machineTime, type Take } from "./takes.ts";

/** Processes whose waiters want one lock. */
export interface Crowd {
  processes: number;
  /** @throws {Unsupported} */
  open(contender: Contender, place: Place, each?: number): Promise<void>;
  /** All of them begin at the same moment; settles when the last is done. */
  run(contender: Contender, run: CrowdRun): Promise<Take[]>;
  /** What was taken so far. */
  report(): Promise<Take[]>;
  /** Ends the processes as they are, whatever they wait for. */
  close(): Promise<void>;
}

export interface CrowdRun extends Omit<Run, "at" | "first" | "waiters"> {
  /** In all processes together. */
  waiters: number;
}

/** They end with this process, however that ends. */
export async function startCrowd(processes: number): Promise<Crowd> {
  const members = Array.from({ length: processes }, member);
  const all = (order: Order) => Promise.all(members.map(({ tell }) => tell(order)));
  return {
    processes,
    async open({ over, name }, place, each = 1) {
      await all({ do: "open", over, name, place, each });
    },
    async run({ over, name }, run) {
      const at = machineTime() + 30;
      const until = (index: number) => Math.round((run.waiters * index) / processes);
      const answers = await Promise.all(
        members.map(({ tell }, index) => {
          const first = until(index);
          return tell({ do: "run", over, name, run: { ...run, waiters: until(index + 1) - first, first, at } });
        }),
      );
      return answers.flat();
    },
    async report() {
      return (await all({ do: "report" })).flat();
    },
    async close() {
      await Promise.all(members.map(({ close }) => close()));
    },
  };
}

interface Member {
  tell(order: Order): Promise<Take[]>;
  close(): Promise<void>;
}

function member(): Member {
  const child: ChildProcess = fork(join(import.meta.dirname, "process.ts"), { stdio: ["ignore", 2, 2, "ipc"] });
  const waiting = new Map<number, (answer: Answer) => void>();
  const exited = once(child, "exit").then(() => {
    for (const settle of waiting.values()) settle({ error: "a process of the crowd ended", unsupported: false });
  });
  child.on("message", ({ id, answer }: Reply) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let count = 0;
  return {
    async tell(order) {
      const id = count++;
      const answer = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, order });
      });
      if (!("error" in answer)) return answer.takes;
      throw answer.unsupported ? new Unsupported(answer.error) : new Error(answer.error);
    },
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
