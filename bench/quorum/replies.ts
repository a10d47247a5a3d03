import type { Transport } from "../../src/index.ts";

/** What an acquisition waits for, as its transports see it. */
export interface Replies {
  transports: Transport[];
  /** Forgets what was asked. */
  begin(): void;
  /** From asking until so many had replied, milliseconds: of each script that was sent, all together. */
  until(count: number): number;
}

export function observeReplies(stores: readonly Transport[]): Replies {
  const rounds = new Map<string, { sent: number; replied: number[] }>();
  return {
    transports: stores.map((store) => ({
      ...store,
      async eval(script, keys, args) {
        const round = rounds.get(script) ?? { sent: performance.now(), replied: [] };
        rounds.set(script, round);
        const reply = await store.eval(script, keys, args);
        round.replied.push(performance.now());
        return reply;
      },
    })),
    begin: () => rounds.clear(),
    until: (count) =>
      [...rounds.values()].reduce((sum, { sent, replied }) => sum + (replied[count - 1] ?? Number.NaN) - sent, 0),
  };
}
