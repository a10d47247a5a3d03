import type { TokenFacts } from "./facts.ts";
import type { Message } from "./network.ts";

/** So many give-backs may be under way from one client to one server that does not answer. */
const CROWD = 64;

/** When a server was asked for a grant, and when its client was told of it, in world time. */
interface Asked {
  at: number;
  told: number;
  ttl: number;
}

/** What a client may leave to the ttl: it keeps only so many give-backs under way, and gives up when it is closed. */
export class Crowd {
  /** By client and server: whom it is told of, and has not answered about. */
  readonly #untold = new Map<string, Set<string>>();
  /** Lines on which there were once too many. */
  readonly #crowded = new Set<string>();
  readonly #asked = new Map<string, Asked>();

  sent({ kind, client, store, sentAt, more }: Message, { id }: TokenFacts): void {
    const line = `${client.id} ${store}`;
    const key = `${line} ${id}`;
    if (kind === "vote" && !this.#asked.has(key))
      this.#asked.set(key, { at: sentAt, told: Number.POSITIVE_INFINITY, ttl: Number(more[0]) });
    if (kind !== "give") return;
    const untold = this.#untold.get(line) ?? new Set();
    this.#untold.set(line, untold.add(id));
    if (untold.size >= CROWD) this.#crowded.add(line);
  }

  delivered({ kind, client, store, token }: Message, now: number): void {
    const line = `${client.id} ${store}`;
    const id = token.slice(0, 23);
    const asked = this.#asked.get(`${line} ${id}`);
    if (kind === "vote" && asked) asked.told = Math.min(asked.told, now);
    if (kind === "give") this.#untold.get(line)?.delete(id);
  }

  /** Whether nobody was left to give it back: it was one too many, and its client was closed or had tried for one ttl. */
  excuses({ id, client }: TokenFacts, store: number): boolean {
    const line = `${client.id} ${store}`;
    const asked = this.#asked.get(`${line} ${id}`);
    if (!asked || !client.closed || !this.#crowded.has(line)) return false;
    return asked.told > client.closedAt || asked.told - asked.at > asked.ttl;
  }
}
