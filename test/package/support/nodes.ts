import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages: Record<string, string> = {
  20: "test/runtimes/node_modules/node20",
  22: "test/runtimes/node_modules/node22",
  24: "node_modules/node",
  26: "test/runtimes/node_modules/node26",
};

function at(path: string): URL {
  return new URL(`../../../${path}`, import.meta.url);
}

/** Every Node that is claimed, by its major version, with the version that is installed. */
export const nodes: readonly { major: string; version: string; file: string }[] = Object.entries(packages).map(
  ([major, path]) => ({
    major,
    version: JSON.parse(readFileSync(at(`${path}/package.json`), "utf8")).version,
    file: fileURLToPath(at(`${path}/bin/node`)),
  }),
);

/** The Node of one major version. */
export function node(major: string): string {
  const found = nodes.find((each) => each.major === major);
  if (!found) throw new Error(`there is no Node ${major} here`);
  return found.file;
}
