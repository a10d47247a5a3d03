// Installs what package-lock.json says, when node_modules is missing or no longer matches it.
// Runs before `npm test` and `npm run demo` on whatever Node is there, hence plain JavaScript without dependencies.
// The dev dependency `node` then comes first on PATH in every npm script, so that all else runs on one version.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stamp = join(modules, ".holdfast-setup");
const windows = process.platform === "win32";

const pkg = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const wantedNode = `v${pkg.devDependencies.node}`;

// Only what decides the contents of node_modules: an edited script must not cost an installation.
const { dependencies, devDependencies, optionalDependencies, peerDependencies, overrides, allowScripts } = pkg;
const fingerprint = createHash("sha256")
  .update(lock)
  .update(JSON.stringify([dependencies, devDependencies, optionalDependencies, peerDependencies]))
  .update(JSON.stringify([overrides, allowScripts, process.platform, process.arch]))
  .digest("hex");

function installedNode() {
  const command = join(modules, ".bin", windows ? "node.cmd" : "node");
  return spawnSync(command, ["--version"], { encoding: "utf8", shell: windows }).stdout?.trim() ?? "";
}

function reasonToInstall() {
  if (!existsSync(modules)) return "node_modules is missing";
  if (!existsSync(stamp)) return "node_modules was not installed by this script";
  if (readFileSync(stamp, "utf8") !== fingerprint) return "package-lock.json or package.json has changed";
  if (installedNode() !== wantedNode) return `node_modules has no Node ${wantedNode}`;
  return undefined;
}

function npm(...args) {
  const options = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 };
  // The Node that runs npm, not this one, which may be in the node_modules that npm is about to delete.
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  const run =
    cli?.endsWith("npm-cli.js") && node && existsSync(node)
      ? spawnSync(node, [cli, ...args], options)
      : spawnSync("npm", args, { ...options, shell: windows });
  return { ok: run.status === 0, output: `${run.stdout ?? ""}${run.stderr ?? ""}${run.error ?? ""}` };
}

// `npm ci` refuses a lock file that lacks binaries for other platforms, as one does that was written where the registry
// did not offer them. Then `npm install --no-save` installs the same versions without that check.
function lacksOnlyOptionalPackages(output) {
  const optional = new Set();
  for (const entry of Object.values(JSON.parse(lock).packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) optional.add(name);
  }
  const missing = [...output.matchAll(/Missing: (.+)@\S* from lock file/g)].map((match) => match[1]);
  return missing.length > 0 && missing.every((name) => optional.has(name)) && !output.includes("Invalid: ");
}

function fail(message, output = "") {
  console.log(`failed\n${output}\nsetup: ${message}`);
  process.exit(1);
}

const reason = reasonToInstall();
if (reason === undefined) {
  console.log(`setup: dependencies are up to date, Node ${wantedNode}`);
} else {
  const started = Date.now();
  process.stdout.write(`setup: installing dependencies (${reason}) ... `);
  // Dev dependencies are left out when NODE_ENV is production, unless asked for.
  let result = npm("ci", "--include=dev");
  if (!result.ok && lacksOnlyOptionalPackages(result.output)) {
    rmSync(modules, { recursive: true, force: true });
    result = npm("install", "--no-save", "--include=dev");
  }
  if (!result.ok) fail("`npm ci` failed, see above", result.output);
  const found = installedNode();
  if (found !== wantedNode) {
    fail(
      `node_modules/.bin/node is ${found || "missing"}, not ${wantedNode}. npm did not run the install script of the ` +
        "package `node`: see `allowScripts` in package.json and `npm config get ignore-scripts`.",
      result.output,
    );
  }
  writeFileSync(stamp, fingerprint);
  console.log(`done in ${Math.round((Date.now() - started) / 1000)} s, Node ${found}`);
}
