import type { Transport } from "../../../src/index.ts";
import { VOTE } from "../../../src/quorum-scripts.ts";

/** Several stores whose votes come in one after another, in the order of their positions. */
export function inOrder(transports: readonly { transport: Transport; hangs: boolean }[]): Transport[] {
  let before = Promise.resolve();
  return transports.map(({ transport, hangs }) => {
    if (hangs) return transport;
    const mine = before;
    let open = () => {};
    before = new Promise((resolve) => {
      open = resolve;
    });
    return {
      ...transport,
      async eval(script, keys, args) {
        if (script !== VOTE) return transport.eval(script, keys, args);
        try {
          return await transport.eval(script, keys, args);
        } finally {
          await mine;
          // Who asked comes before whoever is next.
          setImmediate(open);
        }
      },
    };
  });
}
