/** What must not be sent twice. */
export async function sendDigest(signal: AbortSignal): Promise<void> {
  const response = await fetch(process.env.CHAT_WEBHOOK_URL ?? "http://127.0.0.1:9000", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "The digest of the day" }),
    signal,
  });
  if (!response.ok) throw new Error(`The chat answered ${response.status}.`);
}
