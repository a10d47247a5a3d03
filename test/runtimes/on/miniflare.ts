import { Miniflare, type WorkerOptions } from "miniflare";
import type { Result } from "../suite/place.ts";
import { place, print, versionOf } from "./main.ts";

/** Runs a Worker in workerd, once: the whole suite is one request. */
export async function inWorkerd(code: string, options: Partial<WorkerOptions>): Promise<void> {
  const miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: code }],
    cf: false,
    ...options,
  } as ConstructorParameters<typeof Miniflare>[0]);
  try {
    const response = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(place) });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    print(versionOf("workerd"), JSON.parse(answer) as Result[]);
  } finally {
    await miniflare.dispose();
  }
}
