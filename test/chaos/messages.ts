import type { ClientKind } from "../support/tcp-clients.ts";

/** Where a worker stands: a request of this kind is about to go, has gone, or was answered; or the work itself. */
export type Step =
  | `${"acquire" | "renew" | "release"}: ${"before" | "sent" | "answered"}`
  /** Between the last look at `held` and the write. */
  | "write";

export const STEPS: readonly Step[] = [
  "acquire: before",
  "acquire: sent",
  "acquire: answered",
  "write",
  "renew: before",
  "renew: sent",
  "renew: answered",
  "release: before",
  "release: sent",
  "release: answered",
];

/** How a worker reaches Redis. */
export type Link = { kind: ClientKind; url: string } | { kind: "upstash"; url: string; token: string };

/** What a worker is started with. */
export interface Part {
  who: string;
  link: Link;
  lock: string;
  /** Milliseconds. */
  ttl: number;
  seed: number;
  fair: boolean;
  /** The file that it writes its journal to. */
  journal: string;
}

/** From the driver to a worker. */
export type Order =
  | { type: "arm"; step: Step }
  | { type: "disarm" }
  | { type: "go" }
  | { type: "answer"; id: number; answer: Answer }
  | { type: "finish" };

/** From a worker to the driver. `read` and `write` are for the resource. */
export type Message =
  | { type: "at"; step: Step }
  | { type: "read"; id: number; fence: number }
  | { type: "write"; id: number; fence: number; seen: Values };

/** The same number behind a resource that checks fences, and behind one that does not. */
export interface Values {
  /** `undefined`: refused. */
  fenced: number | undefined;
  bare: number;
}

export interface Answer {
  accepted: boolean;
  values: Values;
}
