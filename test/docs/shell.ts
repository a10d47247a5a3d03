import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND, launch, linesOf, type Running } from "../cli/support.ts";

export interface Shell {
  folder: string;
  /** Runs lines as somebody types them; Ctrl-C ends what runs, and not the shell. */
  run(lines: string, env: Record<string, string>): Running;
  /** The programs that were run so far, in their order. */
  called(): string[];
}

/** A folder with the programs that the samples call, and the built command as it is called once it is installed. */
export function shell(): Shell {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-shell-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const log = join(folder, "called");
  function program(path: string, text: string): void {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }
  const node = (args: string) => `#!/bin/sh\nexec "${process.execPath}" ${args}\n`;
  program(join(bin, "holdfast"), node(`"${COMMAND}" "$@"`));
  program(join(bin, "npx"), `#!/bin/sh\nname=$1\nshift\n[ "$name" = holdfast ] && exec holdfast "$@"\nexit 127\n`);
  program(join(bin, "node"), node('"$@"'));
  program(join(bin, "charge"), `#!/bin/sh\necho charge >> "${log}"\n`);
  program(join(folder, "deploy.sh"), `#!/bin/sh\necho deploy.sh >> "${log}"\n`);
  writeFileSync(
    join(folder, "report.js"),
    `require("node:fs").appendFileSync(${JSON.stringify(log)}, "report.js\\n");\n`,
  );
  return {
    folder,
    run: (lines, env) =>
      launch(["/bin/sh", "-ec", `cd "${folder}"\ntrap : INT\n${lines}`], {
        ...env,
        PATH: `${bin}:${process.env.PATH}`,
      }),
    called: () => linesOf(log),
  };
}
