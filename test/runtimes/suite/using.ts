import type { Lease } from "holdfast";

/** In a module of its own: where the syntax is unknown, this file and nothing else is refused. */
export async function hold(acquiring: Promise<Lease>): Promise<Lease> {
  await using lease = await acquiring;
  return lease;
}
