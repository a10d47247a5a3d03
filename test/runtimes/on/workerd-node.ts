import { bundle, nodeModules } from "../compile.ts";
import { project } from "./main.ts";
import { inWorkerd } from "./miniflare.ts";

const code = await bundle(project, "in/worker-node.ts", { format: "esm", plugins: [nodeModules] });
await inWorkerd(code, { compatibilityDate: "2026-07-30", compatibilityFlags: ["nodejs_compat"] });
