import { bundle } from "../compile.ts";
import { project } from "./main.ts";
import { inWorkerd } from "./miniflare.ts";

const code = await bundle(project, "in/worker.ts", { format: "esm" });
await inWorkerd(code, { compatibilityDate: process.argv[2] ?? "2026-07-30" });
