import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const DEMO = fileURLToPath(new URL("../../demo/main.ts", import.meta.url));

export interface Run {
  code: number | null;
  out: string;
  err: string;
  lines: string[];
}

/** As `npm run demo` does it. Variables of whoever runs the tests do not reach it. */
export function startDemo(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcessWithoutNullStreams; run: Promise<Run> } {
  const clean = Object.entries(process.env).filter(([key]) => !/REDIS|NODE_OPTIONS|VITEST|COLOR/.test(key));
  const child = spawn(process.execPath, [DEMO, ...args], { env: { ...Object.fromEntries(clean), ...env } });
  return { child, run: outcome(child) };
}

export function demo(args: string[], env?: Record<string, string>): Promise<Run> {
  return startDemo(args, env).run;
}

async function outcome(child: ChildProcessWithoutNullStreams): Promise<Run> {
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err, lines: out.trimEnd().split("\n") };
}
