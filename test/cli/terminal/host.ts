/** What is used here of Bun, which has terminals; Node has none. */
declare const Bun: {
  spawn(
    words: string[],
    options: { terminal: { data(terminal: unknown, bytes: Uint8Array): void; exit(): void } },
  ): { terminal: { write(bytes: Uint8Array): void }; exited: Promise<number> };
};

/**
 * Words on a terminal of their own, whose session they lead. What is read is typed, what appears on the screen is
 * printed, and the exit code is theirs.
 */
async function host(words: string[]): Promise<void> {
  let code: Promise<number> | undefined;
  await new Promise<void>((closed) => {
    const data = (_: unknown, bytes: Uint8Array) => void process.stdout.write(bytes);
    const { terminal, exited } = Bun.spawn(words, { terminal: { data, exit: closed } });
    process.stdin.on("data", (bytes) => terminal.write(bytes));
    code = exited;
  });
  const ended = await code;
  process.stdout.write("", () => process.exit(ended));
}

void host(process.argv.slice(2));
