import { describeNoise, type Noise } from "./noise.ts";
import type { Report, Section, Shown, Target } from "./suite.ts";
import { drawTable, number } from "./table.ts";

export function isMet({ limit, measured }: Target): boolean {
  return measured <= limit;
}

export function verdictOf(target: Target): "met" | "MISSED" | "not measured" {
  if (Number.isNaN(target.measured) || Number.isNaN(target.limit)) return "not measured";
  return isMet(target) ? "met" : "MISSED";
}

export function drawTarget(target: Target): string {
  const { what, limit, measured } = target;
  return `${verdictOf(target)}: ${what}: ${measured.toFixed(2)}, wanted at most ${limit.toFixed(2)}`;
}

export function drawSection({ title, notes, head, rows, targets }: Section): string {
  const parts = [`## ${title}`, notes.join("\n"), drawTable(head, rows), targets.map(drawTarget).join("\n")];
  return parts.filter(Boolean).join("\n\n");
}

export function drawMachine(machine: Report["machine"]): string {
  return Object.entries(machine)
    .map(([what, value]) => `${what} ${value}`)
    .join(", ");
}

export function drawNoise(noise: readonly Noise[]): string {
  return noise.map((each, index) => `noise ${index ? "after" : "before"}: ${describeNoise(each)}`).join("\n");
}

/** Each target beside what was measured. */
export function drawTargets(suites: readonly Shown[]): string {
  const rows = suites.flatMap(({ suite, sections }) =>
    sections.flatMap(({ title, targets }) =>
      targets.map((target) => {
        const part = sections.length > 1 ? `${suite}, ${title}` : suite;
        const { what, limit, measured } = target;
        return [`${part}: ${what}`, number(limit), number(measured), verdictOf(target)];
      }),
    ),
  );
  return drawTable(["target", "at most", "measured", "verdict"], rows);
}

export function drawVerdict(suites: readonly Shown[]): string {
  const targets = suites.flatMap(({ sections }) => sections.flatMap((section) => section.targets));
  const met = targets.filter(isMet).length;
  const open = targets.filter((target) => verdictOf(target) === "not measured").length;
  return `${met} of ${targets.length} targets met${open ? `, ${open} not measured` : ""}`;
}

/** JSON has no infinity and no NaN: `null` would read as a figure that nobody took. */
export function toJson(report: Report): string {
  const plain = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(report, plain, 2)}\n`;
}

export function fromJson(text: string): Report {
  const none = ["NaN", "Infinity", "-Infinity"];
  return JSON.parse(text, (_, value: unknown) => (none.includes(value as string) ? Number(value) : value));
}
