import type { Block } from "./markdown.ts";

/** Blocks that are not run by the test that runs blocks of their language. */
export interface Listed {
  language: string;
  /** What each of them has in it. */
  text: string;
  /** How many there are. */
  count: number;
  why: string;
  /** The tests that stand for them. */
  by: string[];
}

const OF_THE_REPOSITORY = "it starts the tests themselves, or what takes longer than all of them";

export const LISTED: readonly Listed[] = [
  {
    language: "sh",
    text: "npm install holdfast",
    count: 1,
    why: "it asks the registry; the tests install what npm packs",
    by: ["test/package/command.test.ts", "test/package/contents.test.ts"],
  },
  { language: "sh", text: "npm run demo", count: 2, why: OF_THE_REPOSITORY, by: ["test/demo/demo.test.ts"] },
  { language: "sh", text: "npm run vitest", count: 1, why: OF_THE_REPOSITORY, by: ["test/package/workflows.test.ts"] },
  {
    language: "sh",
    text: "npm run bench",
    count: 1,
    why: OF_THE_REPOSITORY,
    by: ["test/bench/works.test.ts", "test/bench/report.test.ts"],
  },
  {
    language: "sh",
    text: "npm run mutants --",
    count: 1,
    why: OF_THE_REPOSITORY,
    by: ["test/mutants/mutants.test.ts"],
  },
  {
    language: "sh",
    text: "npm run simulate --",
    count: 1,
    why: OF_THE_REPOSITORY,
    by: ["test/simulation/history.test.ts"],
  },
  {
    language: "text",
    text: "Usage: holdfast",
    count: 7,
    why: "it is what the command prints, and is compared with that",
    by: ["test/cli/help.test.ts"],
  },
  {
    language: "text",
    text: "-V, --version",
    count: 1,
    why: "it is what the command prints, and is compared with that",
    by: ["test/cli/help.test.ts"],
  },
  {
    language: "text",
    text: "ACL SETUSER",
    count: 1,
    why: "a user with these rights is made, and every right taken away in turn",
    by: ["test/docs/rights.test.ts"],
  },
  {
    language: "lua",
    text: "redis.call('HSET', KEYS[1], 'fence'",
    count: 1,
    why: "it is a part of an example's script, which is run",
    by: ["test/fencing/page.test.ts", "test/fencing/key.test.ts"],
  },
  {
    language: "sql",
    text: "fence",
    count: 3,
    why: "they are an example's statements, which are run",
    by: ["test/fencing/page.test.ts", "test/fencing/sqlite.test.ts"],
  },
  {
    language: "python",
    text: "",
    count: 5,
    why: "there need be no Python here; what these libraries send to Redis is sent by Node",
    by: ["test/migrating/python.test.ts"],
  },
  {
    language: "",
    text: "noise before",
    count: 11,
    why: "it is what a run of the bench has printed",
    by: ["test/bench/page.test.ts"],
  },
  {
    language: "",
    text: "{ outcome, time left in ms or -1",
    count: 1,
    why: "it is a shape; any other reply is refused",
    by: ["test/fuzz/replies.test.ts"],
  },
];

/** Why a block is not run, if it is listed. */
export const listed = (block: Block): Listed | undefined =>
  LISTED.find(({ language, text }) => block.language === language && block.code.includes(text));
