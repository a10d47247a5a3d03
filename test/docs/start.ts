// A thread that runs one sample.
import { workerData } from "node:worker_threads";
import { run } from "./prelude.ts";

await run(workerData);
