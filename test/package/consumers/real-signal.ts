// Compiled with the types of a platform: its own AbortSignal goes in and comes out, and its own fetch fits.
import type { AcquireOptions, Lease, Locks, Transport } from "holdfast";
import { upstash } from "holdfast/upstash";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const comesOut: Same<Lease["signal"], AbortSignal> = true;
export const goesIn: Same<AcquireOptions["signal"], AbortSignal | undefined> = true;
export const hasMembers: keyof AbortSignal extends never ? false : true = true;

export async function wait(locks: Locks, controller: AbortController): Promise<void> {
  await locks.acquire("x", { signal: controller.signal });
  await locks.acquire("x", { signal: AbortSignal.timeout(1000) });
}

export async function work(lease: Lease): Promise<Response> {
  const onAbort = (event: Event): void => event.preventDefault();
  lease.signal.addEventListener("abort", onAbort);
  return fetch("https://example.com", { signal: lease.signal });
}

const at = { url: "https://example.upstash.io", token: "x" };
export const transports: Transport[] = [
  upstash({ ...at, fetch }),
  upstash({ ...at, fetch: globalThis.fetch }),
  upstash({ ...at, fetch: (url, init) => fetch(url, init) }),
  upstash({ ...at, fetch: async (url, { signal, ...init }) => fetch(url, { ...init, signal }) }),
  upstash({ ...at, fetch: async (input: string | URL | Request, init?: RequestInit) => fetch(input, init) }),
  upstash({ ...at, fetch: async () => new Response("{}") }),
];
