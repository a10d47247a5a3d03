import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { DISTINCT, EXIT, type Exit, MEANINGS, usage } from "./exits.ts";
import { speaker } from "./say.ts";
import type { Common } from "./session.ts";

const EXAMPLES = `
Examples:
  holdfast run deploy -- ./deploy.sh --to production
  holdfast run cron:report --wait 0 --min-hold 50s -- node report.js
  KEY=$(holdfast lock invoice:42 30000) && holdfast unlock invoice:42 "$KEY"
  holdfast status --watch
  holdfast doctor`;

const SERVERS = `
Redis: by --redis, or by REDIS_URL, or by UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN,
or else redis://127.0.0.1:6379. Several addresses make a quorum.`;

const CODES = `
Exit codes:
${MEANINGS.map(([code, meaning]) => `  ${code.padEnd(13)}  ${meaning}`).join("\n")}
run ends with COMMAND's own code otherwise, and by the signal that ended it.`;

const TTL = "Redis frees the lock after this by itself: 250ms, 30s, 5m, 1h";
const WAIT = "how long to wait for the lock; 0 is one attempt; forever";

/** The command line. `end` is told how the process is to end. */
export function programOf(args: readonly string[], end: (exit: Exit) => void): Command {
  const program = new Command("holdfast")
    .description("Distributed locks over Redis, from the command line.")
    .version(versionOf(), "-V, --version", "print the version")
    .addOption(
      new Option("--redis <url>", "redis://, rediss://, or https:// for Upstash; repeated: a quorum")
        .argParser(collect)
        .default([], "from the environment"),
    )
    .option("--prefix <text>", "put before every name to make the key in Redis", "lock:")
    .option("--timeout <duration>", "the limit on any one command to Redis", "5s")
    .option("--json", "objects for programs, one a line")
    .option("--quiet", "say nothing but errors; the exit code tells")
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "holdfast: ")) })
    .showHelpAfterError("(--help says what there is)")
    .helpCommand("help [command]", "print the help of a command")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", `${EXAMPLES}\n${SERVERS}\n${CODES}`)
    .exitOverride();
  const common = () => program.opts<Common>();

  program
    .command("run")
    .description("hold a lock while a command runs")
    .usage("[options] NAME -- COMMAND [ARGUMENT…]")
    .argument("<name>", "the name of the lock")
    .argument("<command...>", "what to run, after --")
    .option("--ttl <duration>", TTL, "30s")
    .option("--wait <duration>", WAIT, "10s")
    .option(
      "--grace <duration>",
      "from TERM to KILL, when the lock is lost (default: 5s, or a quarter of the ttl if less)",
    )
    .option("--max-hold <duration>", "hold no longer than this", "forever")
    .option("--min-hold <duration>", "keep the name locked for so long after the grant", "0")
    .option("--owner <text>", "the label that status shows (default: host:pid)")
    .option("--no-fence", "mint no fencing token")
    .option("--foreground", "keep COMMAND in this process group; so it is on a terminal anyway")
    .option(
      "--distinct-codes",
      `${1 + DISTINCT}, ${2 + DISTINCT}, ${3 + DISTINCT} instead of the exit codes 1, 2, 3, which COMMAND may use itself`,
    )
    .action(async (name, command, options) => {
      const { run } = await import("./run.ts");
      end(await run(common(), name, afterDashes(args, name, command), options));
    });

  program
    .command("lock")
    .description("take a lock and print its key, which unlock and extend take")
    .argument("<name>", "the name of the lock")
    .argument("[ms]", "the ttl in milliseconds", "30s")
    .option("--wait <duration>", WAIT, "10s")
    .option("--owner <text>", "the label that status shows; becomes a part of the key")
    .option("--no-fence", "mint no fencing token")
    .action(async (name, ms, options) => {
      const { lock } = await import("./lock.ts");
      end(await lock(common(), name, ms, options));
    });

  program
    .command("extend")
    .description("extend a lock; never shortens it")
    .argument("<name>", "the name of the lock")
    .argument("[key]", "what lock has printed (default: HOLDFAST_TOKEN)")
    .argument("[ms]", "the ttl from now, in milliseconds", "30s")
    .action(async (name, key, ms) => {
      const { extend } = await import("./unlock.ts");
      end(await extend(common(), name, key, ms));
    });

  program
    .command("unlock")
    .description("give a lock back")
    .argument("<name>", "the name of the lock")
    .argument("[key]", "what lock has printed (default: HOLDFAST_TOKEN)")
    .action(async (name, key) => {
      const { unlock } = await import("./unlock.ts");
      end(await unlock(common(), name, key));
    });

  program
    .command("status")
    .description("who holds what; with names, exits with 1 unless all of them are held")
    .argument("[names...]", "the names of locks (default: all under the prefix)")
    .option("--watch [interval]", "again and again, until interrupted; every 1s if nothing is given")
    .action(async (names, options) => {
      const { status } = await import("./status.ts");
      end(await status(common(), names, options));
    });

  program
    .command("reset")
    .description("free locks whoever holds them; asks first")
    .argument("[names...]", "the names of locks")
    .option("--all", "all under the prefix")
    .option("--yes", "do not ask")
    .action(async (names, options) => {
      const { reset } = await import("./reset.ts");
      end(await reset(common(), names, options));
    });

  program
    .command("doctor")
    .description("can this Redis do what is needed, and what to do if not")
    .addOption(new Option("--ttl <duration>", "the ttl that will be used, to judge by").default("30s"))
    .action(async (options) => {
      const { doctor } = await import("./doctor.ts");
      end(await doctor(common(), options));
    });

  for (const command of program.commands)
    command.copyInheritedSettings(program).helpOption("-h, --help", "print this help");
  return program;
}

export async function main(args: string[]): Promise<Exit> {
  let exit: Exit = { code: EXIT.usage };
  try {
    const program = programOf(args, (how) => {
      exit = how;
    });
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) exit = { code: error.exitCode === 0 ? EXIT.done : EXIT.usage };
    else {
      const { code = EXIT.bug, message } = error as Error & { code?: number };
      speaker({ json: args.includes("--json") }).error(message, code);
      exit = { code };
    }
  }
  return distinct(args) && exit.code >= EXIT.refused && exit.code <= EXIT.unreachable && !exit.passed
    ? { code: exit.code + DISTINCT }
    : exit;
}

function distinct(args: readonly string[]): boolean {
  const dashes = args.indexOf("--");
  return args.slice(0, dashes < 0 ? undefined : dashes).includes("--distinct-codes");
}

/** What stands after `--`, which has to be there: without it an option of COMMAND would be taken for ours. */
function afterDashes(args: readonly string[], name: string, command: readonly string[]): string[] {
  const dashes = args.indexOf("--");
  const rest = dashes < 0 ? [] : args.slice(dashes + 1);
  // A name that begins with a dash comes after a first --.
  const own = rest[0] === name && rest[1] === "--" ? rest.slice(2) : rest;
  if (own.length === 0 || own.length > command.length || (own === rest && own.length !== command.length)) {
    throw usage("write -- before COMMAND: holdfast run NAME -- COMMAND [ARGUMENT…]");
  }
  if (own[0] === "") throw usage("COMMAND is empty.");
  return own;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function versionOf(): string {
  const manifest = new URL(import.meta.url.endsWith(".ts") ? "../package.json" : "../../package.json", import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
