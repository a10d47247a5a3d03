import { command } from "../../../adapters/command.ts";
import { conformance } from "../../conformance/index.ts";
import { client, commandOf } from "./client.ts";

/** Runs in Bun: the suite with a runner of ten lines. Prints each test's name and what became of it, as JSON lines. */
const [, , url = "", prefix = ""] = process.argv;
const open: ReturnType<typeof client>[] = [];

function connect() {
  const connected = client(url);
  open.push(connected);
  return commandOf(connected);
}

const tests: { name: string; fn: () => Promise<void> }[] = [];
const raw = connect();
conformance({
  test: (name, fn) => tests.push({ name, fn }),
  transport: () => command(connect()),
  commands: raw,
  prefix,
});

const queue = [...tests];
async function worker(): Promise<void> {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const failure = await next.fn().then(
      () => null,
      (error) => String(error?.stack ?? error),
    );
    console.log(JSON.stringify({ name: next.name, failure }));
  }
}
await Promise.all(Array.from({ length: 40 }, worker));
for (const each of open) each.close();
