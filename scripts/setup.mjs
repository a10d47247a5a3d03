// Installs what package-lock.json says, when node_modules is missing or no longer matches it: in the repository's root,
// and in the folders given as arguments. Runs before `npm test` and `npm run demo` on whatever Node is there, hence plain
// JavaScript without dependencies. The dev dependency `node` then comes first on PATH in every npm script, so that all
// else runs on one version.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const windows = process.platform === "win32";
const wantedNode = `v${read(root, "package.json").devDependencies.node}`;

function read(folder, file) {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}

// Only what decides the contents of node_modules: an edited script must not cost an installation.
function fingerprint(folder) {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies, overrides, allowScripts } = read(
    folder,
    "package.json",
  );
  return createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .update(JSON.stringify([dependencies, devDependencies, optionalDependencies, peerDependencies]))
    .update(JSON.stringify([overrides, allowScripts, process.platform, process.arch]))
    .digest("hex");
}

function installedNode() {
  const command = join(root, "node_modules", ".bin", windows ? "node.cmd" : "node");
  return spawnSync(command, ["--version"], { encoding: "utf8", shell: windows }).stdout?.trim() ?? "";
}

function stampOf(folder) {
  return join(folder, "node_modules", ".holdfast-setup");
}

function reasonToInstall(folder) {
  const stamp = stampOf(folder);
  if (!existsSync(join(folder, "node_modules"))) return "node_modules is missing";
  if (!existsSync(stamp)) return "node_modules was not installed by this script";
  if (readFileSync(stamp, "utf8") !== fingerprint(folder)) return "package-lock.json or package.json has changed";
  if (folder === root && installedNode() !== wantedNode) return `node_modules has no Node ${wantedNode}`;
  return undefined;
}

async function npm(folder, ...args) {
  const options = { cwd: folder, stdio: ["ignore", "pipe", "pipe"] };
  // The Node that runs npm, not this one, which may be in the node_modules that npm is about to delete.
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  const child =
    cli?.endsWith("npm-cli.js") && node && existsSync(node)
      ? spawn(node, [cli, ...args], options)
      : spawn("npm", args, { ...options, shell: windows });
  let output = "";
  const collect = (chunk) => {
    output += chunk;
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  child.on("error", collect);
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { ok: status === 0, output };
}

// `npm ci` refuses a lock file that lacks binaries for other platforms, as one does that was written where the registry
// did not offer them. Then `npm install --no-save` installs the same versions without that check.
function lacksOnlyOptionalPackages(folder, output) {
  const optional = new Set();
  for (const entry of Object.values(read(folder, "package-lock.json").packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) optional.add(name);
  }
  const missing = [...output.matchAll(/Missing: (.+)@\S* from lock file/g)].map((match) => match[1]);
  return missing.length > 0 && missing.every((name) => optional.has(name)) && !output.includes("Invalid: ");
}

function fail(message, output = "") {
  console.log(`${output}\nsetup: ${message}`);
  process.exit(1);
}

async function install(folder, reason) {
  const started = Date.now();
  const what = relative(root, folder).replaceAll("\\", "/") || "dependencies";
  console.log(`setup: installing ${what} (${reason})`);
  // Dev dependencies are left out when NODE_ENV is production, unless asked for.
  let result = await npm(folder, "ci", "--include=dev");
  if (!result.ok && lacksOnlyOptionalPackages(folder, result.output)) {
    rmSync(join(folder, "node_modules"), { recursive: true, force: true });
    result = await npm(folder, "install", "--no-save", "--include=dev");
  }
  if (!result.ok) fail(`\`npm ci\` failed for ${what}, see above`, result.output);
  const found = installedNode();
  if (found !== wantedNode) {
    fail(
      `node_modules/.bin/node is ${found || "missing"}, not ${wantedNode}. npm did not run the install script of the ` +
        "package `node`: see `allowScripts` in package.json and `npm config get ignore-scripts`.",
      result.output,
    );
  }
  writeFileSync(stampOf(folder), fingerprint(folder));
  console.log(`setup: installed ${what} in ${Math.round((Date.now() - started) / 1000)} s`);
}

async function installIfNeeded(folder) {
  const reason = reasonToInstall(folder);
  if (reason !== undefined) await install(folder, reason);
}

await installIfNeeded(root);
await Promise.all(process.argv.slice(2).map((path) => installIfNeeded(join(root, path))));
console.log(`setup: dependencies are up to date, Node ${wantedNode}`);
