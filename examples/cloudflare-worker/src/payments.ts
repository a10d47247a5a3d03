/**
 * Charges through the provider at PAYMENTS_URL. The idempotency key covers what no lock can: a holder that charged and
 * died before it wrote the receipt.
 */
export async function pay(env: Env, order: string, signal: AbortSignal): Promise<string> {
  if (!env.PAYMENTS_URL) return `pretended-${crypto.randomUUID()}`;
  const response = await fetch(env.PAYMENTS_URL, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": `order-${order}` },
    body: JSON.stringify({ order }),
    signal,
  });
  if (!response.ok) throw new Error(`the payment provider answered ${response.status}`);
  const { receipt } = (await response.json()) as { receipt: string };
  return receipt;
}
