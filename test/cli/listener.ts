/** The signals that are passed on, but for TERM, which ends. */
export const PASSED: readonly string[] =
  "HUP INT QUIT USR1 USR2 ALRM CONT WINCH TSTP URG XCPU XFSZ VTALRM IO PWR SYS TTIN TTOU ABRT TRAP STKFLT".split(" ");

/** A program that notes each signal it hears, and ends at TERM with code 9. */
const LISTENER = `
  const { appendFileSync } = require("node:fs");
  for (const signal of process.argv[2].split(","))
    process.on("SIG" + signal, () => appendFileSync(process.argv[1], signal + "\\n"));
  process.on("SIGTERM", () => process.exit(9));
  setInterval(() => {}, 1000);
  console.log("listening " + process.pid + " of " + process.ppid + ";");
`;

/** Words that run it. */
export function listener(file: string): string[] {
  return [process.execPath, "-e", LISTENER, file, PASSED.join(",")];
}
