import type { Connection } from "./connection.ts";
import { said } from "./session.ts";

/** A connection of which the first command that gets no answer is the last that is sent. */
export interface Attentive extends Pick<Connection, "transport" | "command"> {
  /** What became of that command. */
  silence(): string | undefined;
  /** Sends a command all the same, and waits for nothing: whoever answers late will do this after all that came before. */
  leave(name: string, ...args: string[]): void;
}

export function attentive({ transport, command, answered }: Connection): Attentive {
  let silence: Error | undefined;

  function asked<Args extends unknown[]>(ask: (...args: Args) => Promise<unknown>) {
    return async (...args: Args): Promise<unknown> => {
      if (silence) throw silence;
      try {
        return await ask(...args);
      } catch (error) {
        if (answered(error)) throw error;
        // Marked as the library knows it: nobody is to ask again.
        silence ??= Object.assign(new Error(said(error as Error)), { definitive: true });
        throw silence;
      }
    };
  }

  const { set, eval: run, deleteIf } = transport;
  return {
    transport: { ...transport, set: asked(set), eval: asked(run), ...(deleteIf && { deleteIf: asked(deleteIf) }) },
    command: asked(command),
    silence: () => silence?.message,
    leave: (...words) => void command(...words).catch(() => {}),
  };
}
