/** What the command says, and to whom: results on stdout, all else on stderr. */
export interface Say {
  readonly json: boolean;
  readonly quiet: boolean;
  /** For people, about what is going on. */
  note(text: string): void;
  /** What happened: a line for people, an object for programs. On stderr. */
  event(text: string, data: object): void;
  /** What was asked for: a text for people, an object for programs. On stdout. */
  result(text: string, data: object): void;
  /** What went wrong. Said even with `--quiet`. */
  error(text: string, code: number): void;
}

/** A program's objects have no `Infinity`, and `undefined` would leave a field out. */
export function jsonOf(data: object): string {
  return JSON.stringify(data, (_, value) => (value === undefined || value === Infinity ? null : value));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach a terminal.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A name or label as it may be shown on a terminal: what would steer the terminal is escaped. */
export function shown(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Lines of cells in columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Milliseconds for people. */
export function duration(ms: number): string {
  if (ms === Infinity) return "for ever";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

export function speaker({ json = false, quiet = false }: { json?: boolean; quiet?: boolean }): Say {
  const aside = (text: string) => void process.stderr.write(`${text}\n`);
  return {
    json,
    quiet,
    note: (text) => {
      if (!json && !quiet) aside(`holdfast: ${text}`);
    },
    event: (text, data) => {
      if (!quiet) aside(json ? jsonOf(data) : `holdfast: ${text}`);
    },
    result: (text, data) => {
      if (json) process.stdout.write(`${jsonOf(data)}\n`);
      else if (!quiet && text) process.stdout.write(`${text}\n`);
    },
    error: (text, code) => aside(json ? jsonOf({ event: "error", code, message: text }) : `holdfast: ${text}`),
  };
}
