import { describeNoise, type Noise } from "./noise.ts";
import type { Report, Section, Target } from "./suite.ts";
import { drawTable } from "./table.ts";

export function isMet({ limit, measured }: Target): boolean {
  return measured <= limit;
}

function drawTarget(target: Target): string {
  const { what, limit, measured } = target;
  const verdict = isMet(target) ? "met" : "MISSED";
  return `${verdict}: ${what}: ${measured.toFixed(2)}, wanted at most ${limit.toFixed(2)}`;
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

export function drawVerdict(sections: readonly Section[]): string {
  const targets = sections.flatMap((section) => section.targets);
  const met = targets.filter(isMet).length;
  return `${met} of ${targets.length} targets met`;
}

/** JSON has no infinity and no NaN: `null` would read as a figure that nobody took. */
export function toJson(report: Report): string {
  const plain = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(report, plain, 2)}\n`;
}
