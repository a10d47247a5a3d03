import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { node } from "./support/nodes.ts";
import { root } from "./support/project.ts";
import { emptyFolder, run } from "./support/run.ts";

interface Step {
  run?: string;
  uses?: string;
  env?: Record<string, string>;
}
interface Job {
  needs?: string;
  permissions?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  on: { push?: { branches?: string[]; tags?: string[] } };
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

/** Bun has a parser of YAML; GitHub would have to be asked otherwise. */
async function workflow(name: string): Promise<Workflow> {
  const file = JSON.stringify(join(root, ".github/workflows", name));
  const code = `console.log(JSON.stringify(Bun.YAML.parse(await Bun.file(${file}).text())))`;
  return JSON.parse(await run(root, join(root, "node_modules/.bin/bun"), ["--eval", code]));
}

const commands = (job: Job | undefined): string[] => (job?.steps ?? []).flatMap((step) => step.run ?? []);

describe("publish.yml", () => {
  let publish: Workflow;
  beforeAll(async () => {
    publish = await workflow("publish.yml");
  });

  test("runs on a tag of a version and on nothing else", () => {
    expect(publish.on).toEqual({ push: { tags: ["v*"] } });
  });

  test("compares the tag with the version, then runs every test, before anything is packed", () => {
    const [check, ...rest] = commands(publish.jobs.test);
    expect(check).toBe('node scripts/release-check.mjs "$GITHUB_REF_NAME"');
    expect(rest).toEqual(["npm test", "npm pack --ignore-scripts"]);
    expect(publish.jobs.npm?.needs).toBe("test");
    expect(publish.jobs.jsr?.needs).toBe("npm");
  });

  test("publishes with provenance, by an identity that only the publishing jobs can ask for", () => {
    expect(publish.permissions).toEqual({ contents: "read" });
    expect(publish.jobs.test?.permissions).toBeUndefined();
    for (const name of ["npm", "jsr"]) {
      expect(publish.jobs[name]?.permissions).toEqual({ contents: "read", "id-token": "write" });
    }
    const [line = "", ...others] = commands(publish.jobs.npm);
    expect(line).toMatch(/^npm publish \.\/holdfast-\*\.tgz .*--provenance/);
    expect(line).toContain("--access public");
    expect(others).toEqual([]);
    expect(commands(publish.jobs.jsr).at(-1)).toMatch(/deno publish$/);
  });
});

test("ci.yml runs what a person runs", async () => {
  const ci = await workflow("ci.yml");
  expect(ci.permissions).toEqual({ contents: "read" });
  expect(Object.values(ci.jobs).flatMap(commands)).toEqual([".ci/run"]);
});

test.for(["ci.yml", "publish.yml"])(
  "every action of %s is pinned to a major version and comes from GitHub",
  async (name) => {
    const { jobs } = await workflow(name);
    const used = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^actions\/[\w-]+@v\d+$/);
  },
);

describe("the check of a release", () => {
  const files = ["package.json", "jsr.json", "CHANGELOG.md"];
  const edit = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(file, change(await readFile(file, "utf8")));

  const set = (more: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...more });

  /** The files of a version that is ready to be released. */
  async function ready(): Promise<string> {
    const folder = await emptyFolder();
    for (const file of files) await cp(join(root, file), join(folder, file));
    await edit(join(folder, "package.json"), set({ version: "9.8.7", repository: { url: "git+https://example.com" } }));
    await edit(join(folder, "jsr.json"), set({ version: "9.8.7" }));
    await edit(join(folder, "CHANGELOG.md"), (text) => `${text}\n## [9.8.7] - 2026-12-01\n`);
    return folder;
  }
  const check = (tag: string, folder: string): Promise<string> =>
    run(root, node("20"), ["scripts/release-check.mjs", tag, folder]);

  test("passes a tag that is the version everywhere", async () => {
    await expect(check("v9.8.7", await ready())).resolves.toBe("");
  });

  test("refuses another tag, and says what is wrong", async () => {
    const folder = await ready();
    await expect(check("v9.8.8", folder)).rejects.toThrow("the tag is v9.8.8, and package.json says 9.8.7");
    await expect(check("9.8.7", folder)).rejects.toThrow("the tag is 9.8.7");
    await expect(check("", folder)).rejects.toThrow("the tag is missing");
  });

  test("refuses when JSR's version, the changelog or the repository's address is missing", async () => {
    const folder = await ready();
    for (const file of files) await cp(join(root, file), join(folder, file));
    await edit(join(folder, "package.json"), set({ version: "9.8.7", repository: undefined }));
    const refusal = await check("v9.8.7", folder).catch((error: Error) => error.message);
    expect(refusal).toContain("jsr.json does not say 9.8.7");
    expect(refusal).toContain("CHANGELOG.md has no section [9.8.7]");
    expect(refusal).toContain('package.json has no "repository"');
  });
});
