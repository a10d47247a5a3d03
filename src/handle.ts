const INNER: unique symbol = /* @__PURE__ */ Symbol();

interface Handle {
  [INNER](key: PropertyKey): unknown;
}

let prototype: object | undefined;

/**
 * What the program is handed, of functions that say what each member is when it is read; all handles have the same ones.
 * It has no enumerable properties of its own, so that what prints or copies objects meets no token, and a prototype in
 * common with all others: engines take one for each dearly.
 */
export function handleOf(members: Record<PropertyKey, () => unknown>): object {
  prototype ??= Reflect.ownKeys(members).reduce(
    (all, key) =>
      Object.defineProperty(all, key, {
        get(this: Handle) {
          return this[INNER](key);
        },
      }),
    {},
  );
  // A function, for there is what prints hidden properties, too.
  return Object.defineProperty(Object.create(prototype), INNER, {
    value: (key: PropertyKey) => (members[key] as () => unknown)(),
  });
}
