import { execFile } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { spawnRedis } from "../support/redis-process.ts";
import { findPrivateRedis } from "../support/redis-source.ts";
import type { Start } from "./stage.ts";

const SOURCE = fileURLToPath(new URL("./shift-clock.c", import.meta.url));

/** Redis servers whose wall clock can be moved while they run. */
export interface ShiftedRedis {
  start: Start;
  /** Milliseconds from the machine's clock, from now on. */
  shift(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** @throws with the reason, where there is no C compiler or no redis-server to load a library into. */
export async function shiftedRedis(): Promise<ShiftedRedis> {
  const source = await findPrivateRedis();
  if (source.kind !== "binary") throw new Error("the server's clock can be moved only where redis-server is on PATH");
  const dir = await mkdtemp(join(tmpdir(), "holdfast-clock-"));
  const [library, offset, program] = ["shift-clock.so", "offset", "redis-server"].map((file) => join(dir, file));
  await promisify(execFile)("cc", ["-shared", "-fPIC", "-O1", "-o", `${library}`, SOURCE]).catch((error: Error) => {
    throw new Error(`moving the server's clock needs a C compiler, \`cc\`: ${error.message}`);
  });
  await writeFile(`${offset}`, Buffer.alloc(8));
  const environment = `LD_PRELOAD='${library}' CLOCK_SHIFT='${offset}'`;
  await writeFile(`${program}`, `#!/bin/sh\n${environment} exec '${source.path}' "$@"\n`, { mode: 0o755 });
  const file = await open(`${offset}`, "r+");
  return {
    start: (options) => spawnRedis(`${program}`, options),
    async shift(ms) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(Math.round(ms * 1000)));
      await file.write(bytes, 0, 8, 0);
    },
    async close() {
      await file.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
