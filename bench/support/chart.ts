/** A group of bars, one for each name, on a scale of its own. */
export interface Panel {
  title: string;
  /** By name; what is missing has no bar. */
  values: ReadonlyMap<string, number>;
  format(value: number): string;
}

export interface Chart {
  title: string;
  names: readonly string[];
  /** Names that stand out. */
  ours: readonly string[];
  panels: readonly Panel[];
}

const ROW = 26;
const LABELS = 216;
const PANEL = 190;
const TOP = 74;
const MARGIN = 20;
const BAR = PANEL - 84;

// It brings its own background, so that it can be read on any page; the colours follow the reader's choice.
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 15px; font-weight: 600 }
    .note { fill: #59636e; font-size: 12px }
    .page { fill: #ffffff; stroke: #d1d9e0 }
    .bar { fill: #afb8c1 }
    .ours { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .note { fill: #9198a1 }
      .page { fill: #0d1117; stroke: #3d444d }
      .bar { fill: #656c76 }
      .ours { fill: #4493f8 }
    }
  `;

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Bars to the right of names, as SVG. */
export function drawChart({ title, names, ours, panels }: Chart): string {
  const width = MARGIN * 2 + LABELS + PANEL * panels.length;
  const height = TOP + ROW * names.length + MARGIN;
  const text = (x: number, y: number, content: string, kind = "") =>
    `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escaped(content)}</text>`;
  const line = (row: number) => TOP + row * ROW;
  const parts = [
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    text(MARGIN, 30, title, "title"),
    ...names.map((name, row) => text(MARGIN, line(row) + 15, name)),
    ...panels.flatMap((panel, index) => {
      const x = MARGIN + LABELS + PANEL * index;
      return [text(x, TOP - 14, panel.title, "note"), ...bars(panel, x)];
    }),
  ];

  function bars({ values, format }: Panel, x: number): string[] {
    const most = Math.max(...values.values());
    return names.flatMap((name, row) => {
      const value = values.get(name);
      if (value === undefined || !Number.isFinite(value)) return [text(x, line(row) + 15, "-", "note")];
      const length = Math.max(1, Math.round((value / most) * BAR));
      const kind = ours.includes(name) ? "bar ours" : "bar";
      return [
        `<rect class="${kind}" x="${x}" y="${line(row) + 3}" width="${length}" height="${ROW - 10}" rx="2"/>`,
        text(x + length + 6, line(row) + 15, format(value)),
      ];
    });
  }

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
  <title>${escaped(title)}</title>
  <style>${STYLE}</style>
  ${parts.join("\n  ")}
</svg>
`;
}
