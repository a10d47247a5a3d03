// Whether what is checked out may be released under a tag: `node scripts/release-check.mjs v1.2.3`. Runs before anything
// is installed.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A folder other than the current one may be given after the tag. */
const [tag = "", folder = "."] = process.argv.slice(2);
const read = (file) => readFileSync(join(folder, file), "utf8");
const { version, repository } = JSON.parse(read("package.json"));

const problems = [];
if (tag !== `v${version}`) problems.push(`the tag is ${tag || "missing"}, and package.json says ${version}`);
if (JSON.parse(read("jsr.json")).version !== version) problems.push(`jsr.json does not say ${version}`);
if (!read("CHANGELOG.md").includes(`\n## [${version}]`)) problems.push(`CHANGELOG.md has no section [${version}]`);
if (!repository) problems.push('package.json has no "repository", which provenance needs: see CONTRIBUTING.md');

for (const problem of problems) console.error(`error: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
