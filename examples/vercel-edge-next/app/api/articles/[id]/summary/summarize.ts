/** The work worth doing once: a model that takes seconds and bills each call. */
export async function summarize(id: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${process.env.SUMMARIZER_URL}/${encodeURIComponent(id)}`, {
    method: "POST",
    cache: "no-store",
    signal,
  });
  if (!response.ok) throw new Error(`The summarizer answered ${response.status}.`);
  return response.text();
}
