// One holder and waiter in a process of its own. Its driver is at the other end of the IPC channel.
import { setTimeout as sleep } from "node:timers/promises";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks, isLockError, type Lease } from "../../src/index.ts";
import { seededRandom } from "../support/random.ts";
import { type TcpClient, tcpClient } from "../support/tcp-clients.ts";
import { now, openJournal } from "./journal.ts";
import type { Answer, Link, Message, Order, Part } from "./messages.ts";
import { openGate, stepped } from "./steps.ts";

const part = JSON.parse(process.argv[2] as string) as Part;
const { who, lock, ttl, fair } = part;
const note = openJournal(part.journal);
const random = seededRandom(part.seed);
const say = (message: Message) => process.send?.(message, () => {});
process.on("unhandledRejection", (error) => note({ type: "broken", text: `unhandled: ${String(error)}` }));

let finishing = false;
const questions = new Map<number, (answer: Answer) => void>();
const gate = openGate((step) => say({ type: "at", step }));
process.on("message", (order: Order) => {
  if (order.type === "finish") finishing = true;
  else if (order.type === "answer") questions.get(order.id)?.(order.answer);
  gate.obey(order);
});
// Without its driver it has nobody to work for, also when that was killed.
process.on("disconnect", () => finishing || process.exit());

let asked = 0;
function ask(
  message: { type: "read"; fence: number } | Omit<Extract<Message, { type: "write" }>, "id">,
): Promise<Answer> {
  const id = ++asked;
  return new Promise((resolve) => {
    questions.set(id, (answer) => {
      questions.delete(id);
      resolve(answer);
    });
    say({ ...message, id });
  });
}

function open(link: Link): Promise<TcpClient> | TcpClient {
  if (link.kind !== "upstash") return tcpClient(link.kind, link.url);
  return { transport: upstash({ url: link.url, token: link.token }), close() {} };
}

/** Renewed on the way where the ttl is short, and bearable where it is not. */
const long = Math.min(ttl, 1000) * 0.8;
const commandTimeout = Math.min(ttl / 2, 500);
const client = await open(part.link);
const wire = stepped(client.transport, gate, now, commandTimeout / 2);
// Messages have no steps.
if (fair)
  Object.assign(wire.transport, { wakeups: client.transport.wakeups, sharesProcess: client.transport.sharesProcess });
let held: Lease | undefined;
const locks = createLocks(wire.transport, {
  owner: who,
  ttl: `${ttl}ms`,
  wait: "4s",
  fair,
  commandTimeout: `${commandTimeout}ms`,
  retry: { min: 10, max: 100 },
  onEvent({ type }) {
    const at = now();
    if (type === "renewed" && held) note({ type, fence: held.fence, until: at + held.remaining() });
  },
});

/** Reads, works, looks whether it still holds, and writes back one more: what a lock is for. */
async function increment(lease: Lease): Promise<void> {
  const { fence } = lease;
  const { values: seen } = await ask({ type: "read", fence });
  const patient = gate.armed("renew: before") || gate.armed("renew: sent") || gate.armed("renew: answered");
  await sleep(patient ? ttl * 0.7 : random() < 0.15 ? long : random() * 30);
  if (!lease.held) return;
  await gate.pass("write");
  // Its last look at `held` said yes. Between that and this line a process can be stopped for any time.
  await ask({ type: "write", fence, seen });
  const at = now();
  if (lease.held) note({ type: "held", at, fence });
}

async function turn(): Promise<void> {
  wire.begin("acquire");
  const lease = await locks.acquire(lock, { renew: true });
  const at = now();
  if (lease.held) {
    const { fence } = lease;
    note({ type: "granted", at, until: at + lease.remaining(), fence, asked: wire.asked() });
    held = lease;
    wire.begin("renew");
    lease.signal.addEventListener("abort", () => {
      note({ type: "lost", at: now(), fence, reason: lease.signal.reason.reason });
    });
    await increment(lease);
    note({ type: "released", at: now(), fence });
  }
  wire.begin("release");
  await lease.release();
}

while (!finishing) {
  try {
    await turn();
  } catch (error) {
    if (isLockError(error, "TIMEOUT") || isLockError(error, "BACKEND")) {
      note({ type: "refused", at: now(), code: error.code, text: error.message });
    } else {
      note({ type: "broken", text: String((error as Error).stack) });
    }
  }
  held = undefined;
  await sleep(random() * 20);
}
await locks.close();
client.close();
// What has been left open keeps this process alive, and its driver waits for its end.
process.disconnect();
