import type { Transport } from "../../src/transport.ts";

/** Sends one request of a wire. Called again, it sends the same request again. */
export type Request = () => Promise<unknown>;

/** What becomes of a request: the default sends it and hands back the reply. `number` counts from 1. */
export type Pass = (request: Request, number: number) => Promise<unknown>;

/** A transport that can be listened to, and cut. */
export interface Wire {
  readonly transport: Transport;
  /** Every request in the order in which it was made, whatever became of it. */
  readonly requests: Request[];
  /** Every key that a request named. */
  readonly keys: Set<string>;
  pass: Pass;
}

export const asIs: Pass = (request) => request();

/** A network that carries everything, for as long as it takes, without an answer. */
export const unanswered: Pass = () => new Promise(() => {});

/** Executes it; the reply is lost. */
export const replyLost: Pass = async (request) => {
  await request();
  throw new Error("conformance: the reply was lost");
};

/** The request never arrives. */
export const requestLost: Pass = async () => {
  throw new Error("conformance: the request was lost");
};

/** Executes it twice and answers what the second execution did, as a proxy or a runtime that re-sends does. */
export const twice: Pass = async (request) => {
  await request();
  return request();
};

/** The first request passes in one way, all later ones in another. */
export function first(pass: Pass, later: Pass = asIs): Pass {
  return (request, number) => (number === 1 ? pass : later)(request, number);
}

/** The same transport, whose releases are scripts even where it has something cheaper for them. */
export function byScript({ deleteIf, ...transport }: Transport): Transport {
  return transport;
}

/** Puts a wire in front of a transport. */
export function tap(inner: Transport, pass: Pass = asIs): Wire {
  const requests: Request[] = [];
  const keys = new Set<string>();

  async function send(touched: string[], request: Request): Promise<unknown> {
    for (const key of touched) keys.add(key);
    requests.push(request);
    return wire.pass(request, requests.length);
  }

  const transport: Transport = {
    set: (key, value, options) => send([key], async () => inner.set(key, value, options)),
    eval: (script, named, args) => send(named, async () => inner.eval(script, named, args)),
  };
  if (inner.deleteIf) transport.deleteIf = (key, value) => send([key], async () => inner.deleteIf?.(key, value));
  if (inner.nodes) transport.nodes = () => inner.nodes?.() ?? [];
  const wire: Wire = { transport, requests, keys, pass };
  return wire;
}
