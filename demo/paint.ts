import { styleText } from "node:util";

export type Look = "plain" | "faint" | "good" | "label" | "warn" | "bad" | "strong";

export type Paint = (look: Look, text: string) => string;

const STYLES = {
  faint: "dim",
  good: "green",
  label: ["bold", "black", "bgGreen"],
  warn: "yellow",
  bad: ["bold", "red"],
  strong: "bold",
} as const;

/** Whether this terminal wants colours: https://no-color.org */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}

export function painter(colour: boolean): Paint {
  if (!colour) return (_look, text) => text;
  return (look, text) => {
    if (look === "plain") return text;
    return styleText([STYLES[look]].flat() as Parameters<typeof styleText>[0], text, { validateStream: false });
  };
}
