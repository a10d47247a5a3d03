#!/usr/bin/env node
import { main } from "./program.ts";

// Who reads us may stop reading. What has to know of it, asks at its own writes.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const { code, signal } = await main(process.argv.slice(2));
process.exitCode = code;
// Whoever started us sees how the command ended: by this signal.
if (signal) process.kill(process.pid, signal);
// Something that still hangs on the wire must not keep the caller waiting.
setTimeout(() => process.exit(), 1000).unref();
