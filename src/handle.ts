const INNER: unique symbol = /* @__PURE__ */ Symbol();

interface Handle {
  [INNER](key: string): unknown;
}

let prototype: object | undefined;

/**
 * What the program is handed: an object of these properties, each read by its function, and of these methods. Nothing of
 * it is enumerable, so that what prints or copies objects meets no token. All handles have the same properties and one
 * prototype in common: engines take one for each dearly.
 */
export function handleOf(properties: Record<string, () => unknown>, methods: Record<PropertyKey, unknown>): object {
  prototype ??= Object.keys(properties).reduce(
    (all, key) =>
      Object.defineProperty(all, key, {
        get(this: Handle) {
          return this[INNER](key);
        },
      }),
    {},
  );
  // A function, for there is what prints hidden properties, too.
  const own: Record<PropertyKey, unknown> = {
    ...methods,
    [INNER]: (key: string) => (properties[key] as () => unknown)(),
  };
  return Reflect.ownKeys(own).reduce(
    // As a method of a class would be: a test may put another in its place.
    (all, key) => Object.defineProperty(all, key, { value: own[key], writable: true, configurable: true }),
    Object.create(prototype),
  );
}
