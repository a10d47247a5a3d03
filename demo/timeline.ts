import type { DemoEvent } from "./events.ts";
import { type Grant, grantsOf } from "./history.ts";
import type { Look, Paint } from "./paint.ts";

interface Cell {
  text: string;
  look: Look;
  /** Labels and marks are not painted over. */
  taken?: boolean;
}

const MARKS: { [type in DemoEvent["type"]]?: [text: string, look: Look] } = {
  killed: ["✗", "bad"],
  stopped: ["⏸", "warn"],
  lost: ["!", "warn"],
  refused: ["⊘", "bad"],
};

/** One row for each contender, in the order of their first grants. */
export function drawTimeline(events: readonly DemoEvent[], columns: number, paint: Paint): string {
  const grants = grantsOf(events);
  const owners = [...new Set([...grants, ...events].map(({ who }) => who))];
  const label = Math.max(...owners.map((owner) => owner.length)) + 2;
  const begin = (events[0] as DemoEvent).at;
  const end = Math.max(...events.map(({ at }) => at), ...grants.map(({ to }) => to));
  const width = columns - label - 2;
  const column = (at: number) => Math.min(width - 1, Math.floor(((at - begin) * width) / (end - begin)));

  const rows = owners.map((owner) => {
    const cells = draw(
      events.filter(({ who }) => who === owner),
      grants.filter(({ who }) => who === owner),
      { width, column },
    );
    return owner.padEnd(label) + paintRow(cells, paint);
  });
  return [...rows, ...axis(end - begin, label, width, paint)].join("\n");
}

/** Columns are half open, so that two holdings share one only if they overlap. */
function draw(
  events: DemoEvent[],
  grants: Grant[],
  { width, column }: { width: number; column(at: number): number },
): Cell[] {
  const cells: Cell[] = Array.from({ length: width }, () => ({ text: " ", look: "plain" }));
  const fill = (from: number, to: number, text: string, look: Look) =>
    cells.fill({ text, look }, column(from), column(to));
  const put = (at: number, text: string, look: Look) => {
    let start = column(at);
    while (cells[start]?.taken) start++;
    for (const [i, char] of [...text].entries())
      if (start + i < width) cells[start + i] = { text: char, look, taken: true };
  };

  for (const [i, event] of events.entries()) {
    const next = events[i + 1]?.at ?? event.at;
    if (event.type === "waiting") fill(event.at, next, "░", "faint");
  }
  const woken = events.find(({ type }) => type === "woken")?.at;
  for (const { from, idle, to, end } of grants) {
    fill(from, idle, "█", "good");
    if (end === "lost" && woken && woken > to) fill(to, woken, "·", "faint");
    fill(idle, to, "▒", "warn");
  }
  for (const { from, number } of grants) put(from, `#${number}`, "label");
  for (const { type, at } of events) {
    const mark = MARKS[type];
    if (mark) put(at, ...mark);
  }
  return cells;
}

/** Neighbours of one look in one stroke. */
function paintRow(cells: Cell[], paint: Paint): string {
  const strokes: Cell[] = [];
  const { length } = cells
    .map(({ text }) => text)
    .join("")
    .trimEnd();
  for (const { text, look } of cells.slice(0, length)) {
    const last = strokes.at(-1);
    if (last?.look === look) last.text += text;
    else strokes.push({ text, look });
  }
  return strokes.map(({ text, look }) => paint(look, text)).join("");
}

/** A tick every half second, a number every second. */
function axis(length: number, label: number, width: number, paint: Paint): string[] {
  const ticks = Array.from({ length: width }, () => "─");
  const numbers = Array.from({ length: width }, () => " ");
  for (let ms = 0; ms < length; ms += 500) {
    const at = Math.floor((ms * width) / length);
    ticks[at] = ms % 1000 ? "┴" : "┼";
    const text = `${ms / 1000} s`;
    if (ms % 1000 === 0 && at + text.length <= width) numbers.splice(at, text.length, ...text);
  }
  return [ticks, numbers].map((line) => paint("faint", " ".repeat(label) + line.join("").trimEnd()));
}

/** What the signs mean. */
export function drawLegend(paint: Paint): string {
  const signs: [string, Look, string][][] = [
    [
      ["░", "faint", "waits"],
      ["█", "good", "holds, with fence #n"],
      ["▒", "warn", "nobody at work, locked until its ttl"],
    ],
    [
      ["✗", "bad", "crashes"],
      ["⏸", "warn", "is stopped"],
      ["·", "faint", "still stopped, its lease over"],
    ],
    [
      ["!", "warn", "its signal fires"],
      ["⊘", "bad", "stale write refused"],
    ],
  ];
  return signs.map((line) => line.map(([sign, look, means]) => `${paint(look, sign)} ${means}`).join("   ")).join("\n");
}
