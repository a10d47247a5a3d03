import { missing, type Verdict } from "./play.ts";
import type { Scenario } from "./scenario.ts";

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One line about one scenario that was played. */
export function drawVerdict({ name }: Scenario, { faults, ms, sight, seed }: Verdict): string {
  const head = `${faults.length ? "FAIL" : "ok  "} ${name.padEnd(58)} ${seconds(ms).padStart(7)}  seed ${seed}`;
  const seen = sight ? `, ${sight.grants} grants, ${sight.overlaps} overlaps` : "";
  return [`${head}${seen}`, ...faults.map((fault) => `     ${fault}`)].join("\n");
}

const COLUMNS = ["rounds", "grants", "lost", "errors", "overlaps", "fenced -", "bare -", "back within"] as const;

/** What was seen in all rounds, a line for each scenario. */
export function drawTable(played: ReadonlyMap<Scenario, readonly Verdict[]>): string {
  const lines = [`     ${"".padEnd(58)}${COLUMNS.map((column) => column.padStart(12)).join("")}`];
  for (const [{ name }, verdicts] of played) {
    const sights = verdicts.flatMap(({ sight }) => sight ?? []);
    const sum = (of: (sight: (typeof sights)[number]) => number) => sights.reduce((total, each) => total + of(each), 0);
    const cells = [
      verdicts.length,
      sum(({ grants }) => grants),
      sum(({ lost }) => lost),
      sum(({ refused }) => refused),
      sum(({ overlaps }) => overlaps),
      sum(({ fenced }) => missing(fenced)),
      sum(({ bare }) => missing(bare)),
      seconds(Math.max(...verdicts.map(({ back }) => back))),
    ];
    const mark = verdicts.some(({ faults }) => faults.length) ? "FAIL" : "ok  ";
    lines.push(`${mark} ${name.padEnd(58)}${cells.map((cell) => String(cell).padStart(12)).join("")}`);
  }
  const legend =
    "lost: holdings that ended before their release; errors: calls that ended as TIMEOUT or BACKEND;\n" +
    "fenced -, bare -: updates missing from the counter with and without a check of the fence;\n" +
    "back within: from the last fault until every process had been served again, at most";
  return `${lines.join("\n")}\n\n${legend}`;
}

const CLEAR = "\r\x1b[K";

/** A line at the bottom of a terminal that says how far it is; elsewhere nothing. */
export function progress(text: () => string): { print(line: string): void; stop(): void } {
  const { stdout } = process;
  const draw = () => stdout.write(`${CLEAR}${text().slice(0, (stdout.columns ?? 80) - 1)}`);
  const timer = stdout.isTTY ? setInterval(draw, 200) : undefined;
  const clear = () => void (stdout.isTTY && stdout.write(CLEAR));
  return {
    print(line) {
      clear();
      console.log(line);
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}
