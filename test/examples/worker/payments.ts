import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Payments {
  url: string;
  /** The idempotency key of every charge that arrived. */
  arrived: string[];
  /** How often money moved: once for each idempotency key. */
  charges(): number;
  /** From now on answers wait, until `proceed`. Resolves when one has arrived. */
  hold(): Promise<void>;
  proceed(): void;
  stop(): Promise<void>;
}

/** A payment provider that knows idempotency keys. */
export async function startPayments(): Promise<Payments> {
  const arrived: string[] = [];
  const receipts = new Map<string, string>();
  let held: (() => void)[] | undefined;
  let noticed = () => {};

  function answer(response: ServerResponse, key: string): void {
    const receipt = receipts.get(key) ?? `receipt-${receipts.size + 1}`;
    receipts.set(key, receipt);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ receipt }));
  }

  const server = createServer((request, response) => {
    const key = String(request.headers["idempotency-key"]);
    arrived.push(key);
    if (held) held.push(() => answer(response, key));
    else answer(response, key);
    noticed();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    charges: () => receipts.size,
    hold() {
      held = [];
      return new Promise((resolve) => {
        noticed = resolve;
      });
    },
    proceed() {
      const answers = held ?? [];
      held = undefined;
      for (const go of answers) go();
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
