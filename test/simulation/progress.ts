/** One line that says how far it is, how fast, and how long it will take. */
export function progressLine(done: number, total: number, seconds: number, failed: number): string {
  const width = 30;
  const filled = Math.floor((done / total) * width);
  const rate = done / Math.max(seconds, 0.001);
  const left = rate > 0 ? duration((total - done) / rate) : "?";
  const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
  const percent = `${Math.floor((done / total) * 100)} %`.padStart(5);
  return `${bar} ${percent}  ${done} of ${total} seeds, ${Math.round(rate)} a second, ${left} left, ${failed} failed`;
}

export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Keeps the line up to date on a terminal; elsewhere it says so now and then. */
export function showProgress(total: number): { update(done: number, failed: number): void; end(): void } {
  const { stderr } = process;
  const began = performance.now();
  const pause = stderr.isTTY ? 100 : 15_000;
  let shown = began;
  return {
    update(done, failed) {
      const now = performance.now();
      if (now - shown < pause) return;
      shown = now;
      const line = progressLine(done, total, (now - began) / 1000, failed);
      stderr.write(stderr.isTTY ? `\r\x1b[K${line.slice(0, (stderr.columns ?? 100) - 1)}` : `${line}\n`);
    },
    end() {
      if (stderr.isTTY) stderr.write("\r\x1b[K");
    },
  };
}
