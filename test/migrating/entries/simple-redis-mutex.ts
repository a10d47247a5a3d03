import { createClient } from "redis";
import { type Entry, PAUSE } from "../entry.ts";
import { mutexLock, tryLock } from "../libraries.ts";

export const simple: Entry = {
  library: "simple-redis-mutex 3.0.0",
  prefix: "@simple-redis-mutex:lock-",
  async open({ urls: [url] }) {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    return {
      async take(name, timeout) {
        const [got, release] = await tryLock(client, name, { timeout });
        return got ? { release, extend: release.refreshTimeout } : null;
      },
      async wait(name, timeout) {
        const release = await mutexLock(client, name, { timeout, pollingInterval: PAUSE });
        return { release, extend: release.refreshTimeout };
      },
      async close() {
        await client.close();
      },
    };
  },
};
