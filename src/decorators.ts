/**
 * A method decorator.
 *
 * @module holdfast/decorators
 */
import { LockOptionsError } from "./errors.ts";
import type { Locks } from "./locks.ts";
import type { AcquireOptions } from "./options.ts";

/** Options of {@link locked}, besides those of a lock. */
export interface LockedOptions<Self, Args extends unknown[]> extends AcquireOptions {
  /** The name of the lock, or how to make it from the arguments of the call. `this` is the object. */
  name: string | ((this: Self, ...args: Args) => string);
  /** The locks, or a function from the object to its locks, which is asked at each call. */
  locks: Locks | ((self: Self) => Locks);
}

/** A method that {@link locked} can decorate: it returns a promise, for so does what becomes of it. */
// biome-ignore lint/suspicious/noExplicitAny: of a method that is generic, nothing else keeps its type
export type AsyncMethod = (...args: any) => Promise<unknown>;

/** The method, if the name can be made from what it is called with; otherwise `never`, which the compiler refuses. */
export type Named<Method extends AsyncMethod, Args extends unknown[]> =
  Parameters<Method> extends [...Args, ...unknown[]] ? Method : never;

/** What {@link locked} returns: a standard decorator, which the compilers' older kind may call as well. */
export interface LockedDecorator<Self, Args extends unknown[]> {
  /** As a standard decorator. */
  <This extends Self, Method extends AsyncMethod>(
    method: Method & Named<Method, Args>,
    context: ClassMethodDecoratorContext<This, Method>,
  ): Method;
  /** As a decorator of the older kind. */
  <This extends Self, Method extends AsyncMethod>(
    target: This,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method> & TypedPropertyDescriptor<Named<Method, Args>>,
  ): void;
}

/**
 * Runs a method under a lock: a standard decorator (TypeScript 5, esbuild, Babel), for methods that return a promise.
 * Under `experimentalDecorators`, as NestJS has it, it does the same. A call rejects as {@link Locks.request} does.
 *
 * @param options The name, the locks, and the options of a lock, as for `request`.
 * @throws {LockOptionsError} where it decorates something that is no method, or an option is not right: when the class is
 *   made, or, with a function for `locks`, when the method is called.
 * @example
 * ```ts
 * import type { Locks } from "holdfast";
 * import { locked } from "holdfast/decorators";
 *
 * class Invoices {
 *   readonly locks: Locks;
 *
 *   constructor(locks: Locks) {
 *     this.locks = locks;
 *   }
 *
 *   @locked({ name: (id: number) => `invoice:${id}`, locks: (self: Invoices) => self.locks, ttl: "1m" })
 *   async charge(id: number): Promise<string> {
 *     return charge({ invoice: id });
 *   }
 * }
 *
 * await new Invoices(locks).charge(42);
 * ```
 */
export function locked<Self, Args extends unknown[] = []>(
  options: LockedOptions<Self, Args>,
): LockedDecorator<Self, Args> {
  const { name, locks, ...rest } = options;
  if (typeof locks !== "function" && !Object(locks).request)
    throw new LockOptionsError("@locked takes locks, or a function from the object to its locks.");
  if (typeof locks !== "function") locks.wrap(() => {}, { name: typeof name === "string" ? name : () => "", ...rest });

  function under(method: unknown): (this: Self, ...args: Args) => Promise<unknown> {
    if (typeof method !== "function") throw new LockOptionsError("@locked decorates methods, and this is none.");
    return async function (this: Self, ...args: Args): Promise<unknown> {
      const through = typeof locks === "function" ? locks(this) : locks;
      const called = typeof name === "function" ? name.apply(this, args) : name;
      return through.request(called, rest, () => method.apply(this, args));
    };
  }

  return ((method: unknown, context: unknown, descriptor?: PropertyDescriptor) => {
    if (!descriptor) return under(Object(context).kind === "method" ? method : undefined);
    descriptor.value = under(descriptor.value);
  }) as LockedDecorator<Self, Args>;
}
