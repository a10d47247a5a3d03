/** One change to a file: `find` has to be in it exactly once. */
export interface Edit {
  file: string;
  find: string;
  put: string;
}

/** The test that has to fail when the bug is there. */
export interface Killer {
  file: string;
  /** Its name, after those of the groups that it is in, with " > " between. */
  test: string;
}

/** A bug that is put into a copy of the source on purpose. */
export interface Mutant {
  /** What it is called on the command line and in the table. */
  name: string;
  /** What the code does wrong then. */
  bug: string;
  edits: Edit[];
  killer: Killer;
}

/** Mutants of one kind, in the order of the table. */
export interface Kind {
  title: string;
  mutants: Mutant[];
}

/** One change of one file, which is what most mutants are. */
export function edit(file: string, find: string, put: string): Edit[] {
  return [{ file, find, put }];
}

/** A mutant of the scripts on Redis, killed over a real one. */
export function inRedis(test: string): Killer {
  return { file: "test/transports/ioredis-6.test.ts", test };
}

/** A mutant that a unit test kills, under the virtual clock. */
export function inUnit(file: string, test: string): Killer {
  return { file: `test/unit/${file}.test.ts`, test };
}

/** What is wrong with the edits of a mutant, for a tree of files; nothing when they fit. */
export function stale({ name, edits }: Mutant, read: (file: string) => string): string[] {
  return edits.flatMap(({ file, find, put }) => {
    const times = read(file).split(find).length - 1;
    if (find === put) return [`${name}: the edit of ${file} changes nothing`];
    return times === 1 ? [] : [`${name} has gone stale: ${file} has ${times} times, not once: ${find}`];
  });
}
