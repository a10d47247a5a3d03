import type { Answer, Message, Values } from "./messages.ts";

/** A number that is read, and written back one larger: what it has missed at the end is a lost update. */
export interface Counter {
  value: number;
  /** Writes that were accepted. The value, if no update was lost. */
  writes: number;
  /** Reads and writes that were refused for their fence. */
  refused: number;
}

export interface Resource {
  fenced: Counter;
  bare: Counter;
  /** In one step, as long as it is called by one thread. */
  serve(request: Exclude<Message, { type: "at" }>): Answer;
}

/**
 * Two counters that get the same reads and writes. One refuses whatever comes with a smaller fence than it has seen,
 * and a read shows its fence too: otherwise an earlier holder could write between a later one's read and its write.
 */
export function openResource(): Resource {
  const fenced: Counter = { value: 0, writes: 0, refused: 0 };
  const bare: Counter = { value: 0, writes: 0, refused: 0 };
  let largest = 0;

  function write(counter: Counter, seen: number): void {
    counter.value = seen + 1;
    counter.writes++;
  }

  return {
    fenced,
    bare,
    serve(request) {
      const { fence } = request;
      const accepted = fence >= largest;
      if (accepted) largest = fence;
      else fenced.refused++;
      if (request.type === "write") {
        const { seen } = request;
        if (accepted && seen.fenced !== undefined) write(fenced, seen.fenced);
        write(bare, seen.bare);
      }
      const values: Values = { fenced: accepted ? fenced.value : undefined, bare: bare.value };
      return { accepted, values };
    },
  };
}
