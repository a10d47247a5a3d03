/** What must not be sent twice. */
export async function sendDigest(env: Env, tick: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(env.CHAT_WEBHOOK_URL, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: `The digest of ${tick}` }),
    signal,
  });
  if (!response.ok) throw new Error(`The chat answered ${response.status}.`);
}
