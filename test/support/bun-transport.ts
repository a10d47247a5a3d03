import type { Transport } from "../../src/index.ts";
import { bun } from "./bun.ts";
import type { Connected } from "./conformance.ts";

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** The transport over Bun's client, in a Bun process of its own. */
export function bunTransport(redisUrl: string): Connected {
  const child = bun("serve.ts", redisUrl);
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  child.onLine((line) => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });

  async function call(method: "set" | "eval", args: unknown[]): Promise<unknown> {
    const id = ++count;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    child.write(JSON.stringify({ id, method, args }));
    const ended = child.ended.then(() => Promise.reject(new Error("Bun has ended")));
    const { value, error } = await Promise.race([answered, ended]);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  const transport: Transport = {
    set: (...args) => call("set", args),
    eval: (...args) => call("eval", args),
  };
  return {
    transport,
    close() {
      child.end();
      return child.ended;
    },
  };
}
