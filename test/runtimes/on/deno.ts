import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denoResults } from "./deno-report.ts";
import { place, print, project } from "./main.ts";

const deno = fileURLToPath(new URL("../node_modules/deno/deno", import.meta.url));
const files = place.stations.map((_, lane) => {
  const file = `lane-${lane}.mjs`;
  writeFileSync(join(project, file), `import { runLane } from "./deno.mjs";\nawait runLane(${lane});\n`);
  return file;
});
const report = join(project, "deno.xml");
const flags = [
  "--allow-all",
  "--no-check",
  "--no-remote",
  "--node-modules-dir=manual",
  "--parallel",
  "--fail-fast=25",
  "--reporter=dot",
];
const env = {
  ...process.env,
  DENO_JOBS: String(files.length),
  DENO_DIR: join(project, "deno"),
  DENO_NO_UPDATE_CHECK: "1",
};
const child = spawn(deno, ["test", ...flags, `--junit-path=${report}`, ...files], {
  cwd: project,
  env,
  stdio: ["ignore", "ignore", "inherit"],
});
const [code] = await once(child, "close");
const [version, results] = await denoResults(deno, report, code);
print(version, results);
