/** The side effect: a parcel leaves. The warehouse can refuse a fence that is smaller than one it has seen. */
export async function ship(order: string, { fence, signal }: { fence: number; signal: AbortSignal }): Promise<void> {
  const response = await fetch(Deno.env.get("WAREHOUSE_URL") ?? "http://127.0.0.1:9000", {
    method: "POST",
    headers: { "content-type": "application/json", "x-fence": String(fence) },
    body: JSON.stringify({ order }),
    signal,
  });
  if (!response.ok) throw new Error(`The warehouse answered ${response.status}.`);
  await response.body?.cancel();
}
