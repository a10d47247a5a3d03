/** Keeps one line of a terminal up to date; elsewhere it says now and then how far it is. */
export function showProgress(screen: NodeJS.WriteStream): {
  update(doing: string, share?: number): void;
  end(): void;
} {
  const began = performance.now();
  const pause = screen.isTTY ? 100 : 20_000;
  let shown = screen.isTTY ? 0 : began;
  let since = began;
  let last = "";
  return {
    update(doing, share) {
      const now = performance.now();
      if (doing !== last) since = now;
      last = doing;
      if (now - shown < pause) return;
      shown = now;
      const line = progressLine(doing, share, (now - began) / 1000, (now - since) / 1000);
      screen.write(screen.isTTY ? `\r\x1b[K${line.slice(0, (screen.columns ?? 100) - 1)}` : `${line}\n`);
    },
    end() {
      if (screen.isTTY) screen.write("\r\x1b[K");
    },
  };
}

/** `seconds` since the start, `spent` of them on this. */
export function progressLine(doing: string, share: number | undefined, seconds: number, spent: number): string {
  const time = `${Math.round(seconds)} s`;
  if (share === undefined) return `${time}  ${doing}`;
  const left = share > 0 ? `, ${Math.ceil((spent / share) * (1 - share))} s left of this` : "";
  return `${time}  ${doing}: ${Math.floor(share * 100)} %${left}`;
}
