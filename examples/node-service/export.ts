import type { Lease } from "holdfast";

const BATCHES = 10;

/** A long job in small steps. Each step is the chance to notice that the lock is gone, and to stop. */
export async function exportCustomer(customer: string, lease: Lease): Promise<number> {
  let rows = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    lease.signal.throwIfAborted();
    const response = await fetch(`${process.env.WAREHOUSE_URL}/${customer}/${batch}`, {
      method: "PUT",
      headers: { "x-fence": String(lease.fence) },
      signal: lease.signal,
    });
    if (!response.ok) throw new Error(`The warehouse answered ${response.status}.`);
    rows += Number(await response.text());
  }
  return rows;
}
