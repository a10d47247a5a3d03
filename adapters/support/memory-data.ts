interface Entry {
  value: string;
  /** Epoch milliseconds; the key is gone once the clock is past it, as in Redis. */
  expires: number;
}

/** The few commands that the protocol needs, with Redis' meaning. Expired keys are dropped as they are met. */
export class MemoryData {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Map<string, Set<(message: string) => void>>();
  #sweepAt = 1024;
  #last = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Microseconds since 1970. They go on within a millisecond, as a server's would: fences rest on them. */
  time(): number {
    const start = Math.floor(this.#now()) * 1000;
    this.#last = this.#last >= start && this.#last < start + 999 ? this.#last + 1 : start;
    return this.#last;
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || Math.floor(this.#now()) <= entry.expires) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  get(key: string): string | undefined {
    return this.#live(key)?.value;
  }

  set(key: string, value: string, px: number): void {
    this.#entries.set(key, { value, expires: Math.floor(this.#now()) + px });
    if (this.#entries.size < this.#sweepAt) return;
    for (const each of this.#entries.keys()) this.#live(each);
    this.#sweepAt = Math.max(1024, this.#entries.size * 2);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Milliseconds left; -2 for a key that is not there. */
  pttl(key: string): number {
    const entry = this.#live(key);
    return entry ? entry.expires - Math.floor(this.#now()) : -2;
  }

  /** Lengthens a life, never shortens it. */
  prolong(key: string, px: number): void {
    const entry = this.#live(key);
    if (entry) entry.expires = Math.max(entry.expires, Math.floor(this.#now()) + px);
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#live(key));
  }

  /** Delivers the message a moment later, to those who listen now and then. Returns how many listen now. */
  publish(channel: string, message: string): number {
    const listeners = [...(this.#listeners.get(channel) ?? [])];
    for (const listener of listeners) {
      void Promise.resolve().then(() => this.#listeners.get(channel)?.has(listener) && listener(message));
    }
    return listeners.length;
  }

  /** Returns what ends it. */
  listen(channel: string, onMessage: (message: string) => void): () => void {
    const listener = (message: string) => onMessage(message);
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (!listeners.size && this.#listeners.get(channel) === listeners) this.#listeners.delete(channel);
    };
  }
}
