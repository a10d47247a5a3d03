/** A class as a user writes it; compiled by what users compile with, and run as the test imports it. */
import { locked } from "../../src/decorators.ts";
import type { Locks } from "../../src/index.ts";

declare global {
  /** Locks for those that name them outright. */
  var invoiceLocks: Locks;
}

export class Invoices {
  readonly locks: Locks;
  readonly log: string[] = [];
  holding = false;
  overlaps = 0;

  constructor(locks: Locks) {
    this.locks = locks;
  }

  /** Works for as long as `pause` takes, and notices company. */
  async work(what: string, pause: () => Promise<void>): Promise<void> {
    if (this.holding) this.overlaps++;
    this.holding = true;
    this.log.push(what);
    await pause();
    this.holding = false;
  }

  @locked({
    name: (id: string) => `invoice:${id}`,
    locks: (self: Invoices) => self.locks,
    ttl: "1m",
    owner: "charging",
  })
  async charge(id: string, pause: () => Promise<void>): Promise<{ id: string; by: Invoices }> {
    await this.work(`charge ${id}`, pause);
    return { id, by: this };
  }

  @locked({ name: "all", locks: () => globalThis.invoiceLocks, wait: 0 })
  async close(): Promise<number> {
    return this.log.length;
  }

  @locked({
    name(this: Invoices, id?: string) {
      return `${this.log.length}:${id}`;
    },
    locks: (self: Invoices) => self.locks,
  })
  async refund(id?: string): Promise<string> {
    if (!id) throw new Error("which one?");
    return (await this.locks.query(`${this.log.length}:${id}`)).held ? "held" : "free";
  }

  @locked({ name: "count", locks: () => globalThis.invoiceLocks })
  static async count(): Promise<Locks> {
    return globalThis.invoiceLocks;
  }
}
