import type { Transport } from "holdfast";

/** A transport that knows which of its requests are under way. */
export interface Tracked {
  transport: Transport;
  /** Resolves when those are over that are under way now. */
  settled(): Promise<void>;
}

/**
 * A call whose time is up waits no longer for its request, which goes on until the adapter's own limit. A test that looks
 * for leaks has to be there when it ends.
 */
export function tracked({ set, eval: run, deleteIf, nodes }: Transport): Tracked {
  const sent = new Set<Promise<unknown>>();
  function track<Args extends unknown[]>(call: (...args: Args) => Promise<unknown>) {
    return (...args: Args): Promise<unknown> => {
      const request = call(...args);
      sent.add(request);
      const over = () => sent.delete(request);
      request.then(over, over);
      return request;
    };
  }
  const transport: Transport = { set: track(set), eval: track(run) };
  if (deleteIf) transport.deleteIf = track(deleteIf);
  if (nodes) transport.nodes = nodes;
  return {
    transport,
    async settled() {
      await Promise.allSettled(sent);
    },
  };
}
