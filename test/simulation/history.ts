import { createHash } from "node:crypto";
import type { Timeline } from "./timeline.ts";

/** What happened in a world, line by line; kept only when it is wanted. */
export class History {
  readonly lines: string[] = [];
  readonly #timeline: Timeline;
  readonly #kept: boolean;

  constructor(timeline: Timeline, kept: boolean) {
    this.#timeline = timeline;
    this.#kept = kept;
  }

  add(line: () => string): void {
    if (this.#kept) this.lines.push(`${this.#timeline.now.toFixed(2).padStart(10)}  ${line()}`);
  }

  digest(): string {
    return createHash("sha256").update(this.lines.join("\n")).digest("hex");
  }
}
