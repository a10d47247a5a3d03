/** For tests that each keep a core busy: one after another in two rows, because more at once would only wait for a core. */
export function inTwoRows(): <T>(work: () => Promise<T>) => Promise<T> {
  const rows: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  let turn = 0;
  return (work) => {
    const at = turn++ % rows.length;
    const done = (rows[at] as Promise<unknown>).then(work);
    rows[at] = done.catch(() => {});
    return done;
  };
}
