import type { Mutant } from "./mutant.ts";

/** What became of a mutant. */
export interface Verdict {
  mutant: Mutant;
  killed: boolean;
  /** What the killer said, or why it did not. */
  why: string;
  seconds: number;
}

/** One line for the last verdict, with how far we are and how long it will take. */
export function progress(verdicts: Verdict[], of: number, began: number): void {
  const { mutant, killed, why, seconds } = verdicts.at(-1) as Verdict;
  const left = ((performance.now() - began) / 1000 / verdicts.length) * (of - verdicts.length);
  const count = `${String(verdicts.length).padStart(3)}/${of}`;
  const verdict = killed ? "killed" : "ALIVE ";
  console.log(
    `${count} ${verdict} ${mutant.name.padEnd(32)} ${seconds.toFixed(1).padStart(5)} s, ${Math.ceil(left)} s left`,
  );
  if (!killed) console.log(`        ${why}`);
}

/** Each mutant with its killer, and the count. Whether all are dead. */
export function summary(verdicts: Verdict[], chosen: readonly Mutant[]): boolean {
  console.log("");
  for (const { name, killer } of chosen) {
    const verdict = verdicts.find(({ mutant }) => mutant.name === name);
    console.log(`${verdict?.killed ? "killed" : "ALIVE "} ${name.padEnd(32)} ${killer.test} (${killer.file})`);
  }
  const dead = verdicts.filter(({ killed }) => killed).length;
  console.log(`\n${dead} killed, ${chosen.length - dead} alive`);
  return dead === chosen.length;
}
