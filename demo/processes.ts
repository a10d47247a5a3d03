import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { address, connect, type Source } from "./connection.ts";
import type { Pace } from "./contender.ts";
import type { Report } from "./events.ts";
import type { Message, Order } from "./process-contender.ts";
import { inRedis } from "./resource.ts";
import type { Contender, Stage } from "./stage.ts";

const PROGRAM = new URL("./process-contender.ts", import.meta.url);

/** Each contender is a process of its own, and is killed and stopped by signals. */
export async function processes(source: Source, key: string, pace: Pace): Promise<Stage> {
  const connection = await connect(source);
  const resource = inRedis(connection.transport, key);
  /** Each with what settles when it has ended and all that it said has arrived. */
  const children = new Map<ChildProcess, Promise<unknown>>();
  const end = () => {
    for (const child of children.keys()) child.kill("SIGKILL");
  };
  // A stopped process would outlive its parent.
  process.once("exit", end);

  async function contender(name: string, owner: string, report: Report): Promise<Contender> {
    const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const gone = Promise.all([once(child, "exit"), once(child, "disconnect")]).finally(() => children.delete(child));
    children.set(child, gone);
    let failure: string | undefined;
    const early = () => failure ?? `${owner} ended before its job was done, by ${child.signalCode ?? child.exitCode}`;
    let done = false;
    const ready = new Promise<void>((resolve) => {
      child.on("message", (message: Message) => {
        if (message.type === "ready") return resolve();
        if (message.type === "failed") {
          failure = `${owner}: ${message.message}`;
          return;
        }
        done ||= message.event.type === "finished";
        report(message.event);
      });
    });
    const order = (what: Order) => child.send(what, () => {});
    order({ type: "prepare", name, owner, pace, source, key });
    await Promise.race([ready, gone.then(() => Promise.reject(new Error(early())))]);
    return {
      owner,
      async go() {
        order({ type: "go" });
        await gone;
        if (!done) throw new Error(early());
      },
      kill() {
        done = true;
        child.kill("SIGKILL");
      },
      stop: () => void child.kill("SIGSTOP"),
      wake: () => void child.kill("SIGCONT"),
    };
  }

  return {
    description: `${address(source)}, each of them a process of its own`,
    pace,
    words: {
      killed: "is killed by SIGKILL: nobody is left to release",
      stopped: "is stopped by SIGSTOP: no renewal",
      woken: "goes on by SIGCONT",
    },
    prepare: (name, owners, report) => Promise.all(owners.map((owner) => contender(name, owner, report))),
    async close() {
      process.off("exit", end);
      const ended = [...children.values()];
      end();
      await Promise.allSettled(ended);
      // Where it cannot be removed it expires.
      await resource.remove().catch(() => {});
      connection.close();
    },
  };
}
