import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MEANINGS } from "../../cli/exits.ts";
import { read, tableUnder } from "../docs/markdown.ts";
import { HERE, holdfast } from "./support.ts";

const page = read("docs/cli.md");
const COMMANDS = ["run", "lock", "extend", "unlock", "status", "reset", "doctor"];

/** The text blocks under a heading, the subheadings' left out. */
function textsUnder(heading: string): string[] {
  const [, section = ""] = page.split(new RegExp(`^## ${heading}$`, "m"));
  return [...(section.split(/^## /m)[0] ?? "").matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
}

test.concurrent.for(COMMANDS)("the page has the help of %s, word for word", async (command) => {
  const { stdout, code } = await holdfast([command, "--help"]);
  expect(code).toBe(0);
  const [own = ""] = stdout.split("\nGlobal Options:");
  expect(textsUnder(command)[0]?.trim()).toBe(
    own
      .replace(/^ +-h, --help.*\n?/m, "")
      .trim()
      .replace(/\n+Options:$/, ""),
  );
});

test.concurrent("and of the options that all take", async () => {
  const { stdout, code } = await holdfast(["--help"]);
  expect(code).toBe(0);
  const [, options = ""] = /^(Options:\n[\s\S]*?)\n\n/m.exec(stdout) ?? [];
  expect(textsUnder("For all of them")[0]?.trim()).toBe(options.trim());
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
});

test.concurrent("the exit codes are those of the page and of the help", async () => {
  const rows = tableUnder(page, "Exit codes").map(([code, meaning]) => [code, meaning]);
  expect(rows).toEqual(MEANINGS.map((each) => [...each]));
  const { stdout } = await holdfast(["help"]);
  for (const [code, meaning] of MEANINGS) expect(stdout).toContain(`${code.padEnd(13)}  ${meaning}`);
});

test.concurrent("every option of a program's own is named on the page", async () => {
  for (const command of COMMANDS) {
    const { stdout } = await holdfast(["help", command]);
    for (const [option] of stdout.matchAll(/--[a-z][\w-]+/g)) expect(page, option).toContain(option);
  }
});

test.concurrent("without a subcommand there is the help, and 2", async () => {
  const { code, stderr } = await holdfast([]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("Usage: holdfast") });
});

test.concurrent("the version is the package's, and neither it nor help loads a client", async () => {
  const { version } = JSON.parse(read("package.json"));
  expect(await holdfast(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  const main = readFileSync(new URL("../../dist/cli/main.js", import.meta.url), "utf8");
  expect(main).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(main).not.toContain("ioredis");
});

test.concurrent("the page's first line of a shell works", async () => {
  const words = ["--redis", HERE[1] as string, "--prefix", HERE[3] as string];
  expect((await holdfast(["run", "cron:report", "--wait", "0", ...words, "--", "true"])).code).toBe(0);
});
