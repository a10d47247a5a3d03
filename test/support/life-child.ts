/**
 * A process that does one thing with a lock and then has nothing more to do. Takes what, and for "rest" the address and
 * the token of a REST server and a prefix. Prints when it was granted what it waited for.
 */
import { memory } from "../../adapters/memory.ts";
import { upstash } from "../../adapters/upstash.ts";
import { createLocks } from "../../src/index.ts";

const [what, url = "", token = "", prefix] = process.argv.slice(2);
const transport = url ? upstash({ url, token }) : memory();
const locks = createLocks(transport, { ttl: "10m", prefix });

switch (what) {
  case "hold":
    await locks.acquire("x");
    break;
  case "hold and watch": {
    const lease = await locks.acquire("x", { renew: true });
    lease.signal.addEventListener("abort", () => {});
    break;
  }
  case "renew":
    await locks.acquire("x", { renew: true, ttl: "3s" });
    break;
  case "request":
    // Not awaited, and it never ends.
    void locks.request("x", { ttl: "3s" }, () => new Promise(() => {}));
    break;
  case "wait":
    await locks.acquire("x", { ttl: "1s" });
    await locks.acquire("x", { wait: "1m" });
    process.stdout.write("granted");
    break;
  case "time out":
    await locks.acquire("x");
    await locks.acquire("x", { wait: "1s" }).catch((error) => process.stdout.write(error.code));
    break;
  case "release behind a renewal": {
    const lease = await locks.acquire("x", { renew: true, ttl: "1s" });
    const answered = transport.eval;
    const asked = new Promise<void>((resolve) => {
      transport.eval = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const awake = setInterval(() => {}, 1000);
    await asked;
    clearInterval(awake);
    transport.eval = answered;
    process.stdout.write(String(await lease.release()));
    break;
  }
  default:
    throw new Error(`nothing is called ${what}`);
}
