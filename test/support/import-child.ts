/** Imports the modules that it is given, while nothing may be touched that Workers forbid at import. */

function forbid(owner: object, name: string): void {
  Object.defineProperty(owner, name, {
    configurable: true,
    get() {
      throw new Error(`${name} was touched at import`);
    },
  });
}

const FORBIDDEN =
  "setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask crypto performance " +
  "AbortController AbortSignal fetch Request Response Headers Date Buffer";

const modules = process.argv.slice(2);
const print = process.stdout.write.bind(process.stdout);
// Node makes some of its globals when they are first read, out of others.
for (const name of FORBIDDEN.split(" ")) Reflect.get(globalThis, name);
for (const name of FORBIDDEN.split(" ")) forbid(globalThis, name);
forbid(Math, "random");

let count = 0;
for (const module of modules) count += Object.keys(await import(module)).length;
print(String(count));

export {};
