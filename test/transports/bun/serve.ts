import { createInterface } from "node:readline";
import { command } from "../../../adapters/command.ts";
import { client, commandOf } from "./client.ts";

/** Runs in Bun: a transport that is called by lines of JSON, for a test in Node. Ends with its input. */
const redis = client(process.argv[2] ?? "");
const transport = command(commandOf(redis));
const calls = new Set<Promise<void>>();

async function answer(line: string): Promise<void> {
  const { id, method, args } = JSON.parse(line) as { id: number; method: "set" | "eval"; args: never };
  const call = transport[method] as (...args: unknown[]) => Promise<unknown>;
  const outcome = await call(...(args as unknown[])).then(
    (value) => ({ value }),
    (error) => ({ error: String(error?.message ?? error) }),
  );
  console.log(JSON.stringify({ id, ...outcome }));
}

for await (const line of createInterface(process.stdin)) {
  const call = answer(line).finally(() => calls.delete(call));
  calls.add(call);
}
await Promise.all(calls);
redis.close();
