import { respClient } from "./resp.ts";

/** Removes the keys of a run from a server that somebody lent us. */
export async function removeKeys(url: string, pattern: string): Promise<void> {
  const client = respClient(url);
  try {
    let cursor = "0";
    do {
      const reply = await client.send("SCAN", cursor, "MATCH", pattern, "COUNT", "1000");
      const [next, keys] = reply as [Buffer, Buffer[]];
      cursor = String(next);
      // One key a command: on a Cluster one command cannot span slots.
      await client.sendAll(keys.map((key) => ["UNLINK", String(key)]));
    } while (cursor !== "0");
  } finally {
    client.close();
  }
}
