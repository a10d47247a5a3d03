import fc from "fast-check";

/** `FUZZ_SEED=random` takes another seed each time and prints it; `FUZZ_SEED=123` is that one again. */
const SEED =
  process.env.FUZZ_SEED === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.FUZZ_SEED ?? 1);

/** `FUZZ_TIMES=10` is forty times as many cases as `npm test` tries, which has ten minutes for everything. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 0.25);

if (process.env.FUZZ_SEED === "random") console.log(`FUZZ_SEED=${SEED}`);

/** Tries so many inputs; the one that fails is shrunk, and shown with the seed that finds it again. */
export async function fuzz<T>(
  cases: number,
  input: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(input, holds), { numRuns: Math.ceil(cases * TIMES), seed: SEED });
}
