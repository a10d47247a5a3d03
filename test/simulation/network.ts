import type { Client } from "./client.ts";
import type { Meaning } from "./command.ts";
import { labelOf, meaningOf } from "./command.ts";
import type { MessageFault } from "./plan.ts";
import type { Random } from "./random.ts";
import { randomOf } from "./random.ts";
import type { Entry, Server } from "./server.ts";
import type { World } from "./world.ts";

/** One command on its way, and what became of it. */
export interface Message extends Meaning {
  client: Client;
  store: number;
  number: number;
  command: readonly string[];
  sentAt: number;
  /** How often it was executed so far. */
  executions: number;
  /** Whether its sender was told that nothing of it was executed although it was. */
  denied: boolean;
}

/** A message was executed: what the server had before, and after. */
export interface Execution {
  message: Message;
  server: Server;
  before: Entry | undefined;
  after: Entry | undefined;
  recordBefore: string | undefined;
  reply: unknown;
  /** By the server's clock, before it ran. */
  clock: number;
}

type Answer = { value: unknown } | { error: Error };

/** What no script answers. `"OK"`, `null` and 1 mean something to other commands than scripts. */
const GARBAGE: readonly unknown[] = [
  "QUEUED",
  "",
  true,
  {},
  [],
  ["granted"],
  ["granted", 1000, 17.5, "="],
  ["granted", "1e3", "1", "="],
  ["granted", 1000, "", "", "="],
  ["GRANTED", 1000, "", "="],
  ["held", null, "", "="],
  ["freed", -1, "", "no equals sign"],
  [["granted", 1000, "", "="]],
  "<html>502 Bad Gateway</html>",
];

/** The lines between clients and servers: each message has its own delays, and perhaps a fault of its own. */
export class Network {
  readonly #world: World;
  readonly #faults: ReadonlyMap<string, MessageFault>;

  constructor(world: World, faults: readonly MessageFault[]) {
    this.#world = world;
    this.#faults = new Map(faults.map((fault) => [`${fault.client} ${fault.store} ${fault.message}`, fault]));
  }

  send(client: Client, store: number, command: readonly string[]): Promise<unknown> {
    const { timeline, history, plan, witness } = this.#world;
    const number = client.countMessage(store);
    const random = randomOf(plan.seed, "trip", client.id, store, number);
    const fault = this.#faults.get(`${client.id} ${store} ${number}`);
    const sentAt = timeline.now;
    const line = plan.servers.length > 1 ? `s${store}#${number}` : `#${number}`;
    const message = { ...meaningOf(command), client, store, number, command, sentAt, executions: 0, denied: false };
    witness.sent(message);
    if (fault) {
      witness.count(`fault: ${fault.kind}`);
      client.unsettle(sentAt + fault.ms);
    }
    history.add(() => `c${client.id} sends ${line} ${describe(message)}${fault ? `, ${fault.kind} ${fault.ms}` : ""}`);
    return new Promise((resolve, reject) => {
      this.#carry(message, fault, random, (answer) =>
        client.clock.whenAwake(() => {
          history.add(
            () =>
              `c${client.id} gets ${line} ${"error" in answer ? answer.error.message : JSON.stringify(answer.value)}`,
          );
          if ("error" in answer) reject(answer.error);
          else resolve(answer.value);
          if ("value" in answer) witness.delivered(message, answer.value);
        }),
      );
    });
  }

  #carry(message: Message, fault: MessageFault | undefined, random: Random, tell: (answer: Answer) => void): void {
    const { timeline, plan } = this.#world;
    const { client } = message;
    const there = random.between(0.05, plan.trip);
    const back = random.between(0.05, plan.trip);
    const { kind, ms = 0, variant = 0 } = fault ?? {};
    const cutThen = client.cut(message.store);

    const execute = (after: number, then: (answer: Answer) => void) =>
      timeline.after(after, () => {
        if (!cutThen) this.#arrive(message, then);
      });
    const reply = (after: number) => (answer: Answer) => {
      const server = this.#world.servers[message.store] as Server;
      const { lives } = server;
      timeline.after(after, () => {
        if (!client.cut(message.store) && server.lives === lives) tell(answer);
      });
    };
    const fail = (after: number, text: string, definitive?: boolean) =>
      timeline.after(after, () => tell({ error: Object.assign(new Error(text), definitive && { definitive }) }));
    const nothing = () => {};
    const round = there + back;

    switch (kind) {
      case undefined:
        execute(there, reply(back));
        break;
      case "delay":
        execute(there + ms, reply(back));
        break;
      case "drop-request":
        if (variant < 0.5) fail(round, "socket closed");
        break;
      case "drop-reply":
        execute(there, nothing);
        break;
      case "reset-before":
        fail(round, "read ECONNRESET");
        break;
      case "reset-after":
        execute(there, () => fail(back, "read ECONNRESET"));
        break;
      case "duplicate":
        execute(there, variant < 0.5 ? reply(back) : nothing);
        execute(there, variant < 0.5 ? nothing : reply(back));
        break;
      case "late-copy":
        execute(there, reply(back));
        execute(there + ms, nothing);
        break;
      case "held-back":
        if (variant < 0.5) fail(round, "the request timed out");
        execute(there + ms, nothing);
        break;
      case "slow-reply":
        execute(there, reply(back + ms));
        break;
      case "refused":
        fail(round, "HTTP 403: refused", true);
        break;
      case "resent-refused":
        message.denied = true;
        execute(there, () => fail(back, "LOADING Redis is loading the dataset in memory"));
        break;
      case "loading":
        fail(round, "LOADING Redis is loading the dataset in memory");
        break;
      case "read-only":
        fail(round, "READONLY You can't write against a read only replica.");
        break;
      case "out-of-memory":
        fail(round, "OOM command not allowed when used memory > 'maxmemory'.");
        break;
      case "malformed":
        execute(there, () => reply(back)({ value: GARBAGE[Math.floor(variant * GARBAGE.length)] }));
        break;
    }
  }

  /** A server that hangs runs it when it goes on, unless it was started anew. */
  #arrive(message: Message, then: (answer: Answer) => void): void {
    const { servers, timeline } = this.#world;
    const server = servers[message.store] as Server;
    if (!server.hangs) {
      then(this.#execute(message));
      return;
    }
    const { lives } = server;
    timeline.after(server.hungUntil - timeline.now, () => {
      if (server.lives === lives) this.#arrive(message, then);
    });
  }

  #execute(message: Message): Answer {
    const { servers, witness } = this.#world;
    const server = servers[message.store] as Server;
    if (server.down) return { error: new Error("connect ECONNREFUSED") };
    if (server.refuses) {
      // Unless a copy of it comes later.
      message.denied = true;
      return { error: new Error("LOADING Redis is loading the dataset in memory") };
    }
    const { lock, record, command } = message;
    const clock = server.clock();
    const before = server.peek(lock);
    const recordBefore = server.peek(record)?.value;
    message.executions++;
    let reply: unknown;
    try {
      reply = server.execute(command);
    } catch (thrown) {
      witness.count(`server: ${(thrown as Error).message.split(" ")[0]}`);
      return { error: thrown as Error };
    }
    witness.executed({ message, server, before, after: server.peek(lock), recordBefore, reply, clock });
    return { value: reply };
  }
}

export function describe({ kind, token, lock, more }: Meaning): string {
  return `${kind} ${lock} ${token.slice(0, 5)}… ${labelOf(token)} ${more.join(" ").replace(/t[\w-]{22}/g, (id) => `${id.slice(0, 5)}…`)}`;
}
