/** Checked by tsc and never run. */
import { expectTypeOf } from "vitest";
import { type LockedOptions, locked } from "../../src/decorators.ts";
import type { Locks } from "../../src/index.ts";
import { Invoices } from "./invoices.ts";

declare const locks: Locks;

expectTypeOf<Invoices["charge"]>().parameters.toEqualTypeOf<[id: string, pause: () => Promise<void>]>();
expectTypeOf<Invoices["charge"]>().returns.toEqualTypeOf<Promise<{ id: string; by: Invoices }>>();
expectTypeOf(Invoices.count).returns.toEqualTypeOf<Promise<Locks>>();
expectTypeOf<LockedOptions<object, [string]>["name"]>().toExtend<string | ((...args: [string]) => string)>();

export class Wrong {
  // @ts-expect-error: the name is made from a number, and the method is called with a text
  @locked({ name: (id: number) => `${id}`, locks })
  async other(_id: string): Promise<void> {}

  // @ts-expect-error: the name needs an argument that the method may be called without
  @locked({ name: (id: string) => id, locks })
  async optional(_id?: string): Promise<void> {}

  // @ts-expect-error: becomes asynchronous, and its callers do not know
  @locked({ name: "sync", locks })
  sync(): number {
    return 1;
  }

  // @ts-expect-error: these locks are another class's
  @locked({ name: "self", locks: (self: { locks: Locks }) => self.locks })
  async self(): Promise<void> {}

  // @ts-expect-error: no locks
  @locked({ name: "none" })
  async none(): Promise<void> {}

  // @ts-expect-error: no such option
  @locked({ name: "typo", locks, tll: "1m" })
  async typo(): Promise<void> {}

  @locked({ name: (id: string | number) => `${id}`, locks, minHold: "5s" })
  async wider(_id: string, _more: boolean): Promise<boolean> {
    return true;
  }

  @locked({ name: "private", locks })
  async #secret<T>(value: T): Promise<T> {
    return value;
  }

  use(): Promise<number> {
    return this.#secret(1);
  }
}
