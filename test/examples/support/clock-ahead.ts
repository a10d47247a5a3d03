// Preloaded by Node (`--import`) or Bun (`--preload`) before an example: its clock is wrong by so many milliseconds. Only
// what Date says of now is changed; timers and the monotonic clock run as they do on a machine whose clock is set wrong.
const ahead: number = Number(process.env.CLOCK_AHEAD_MS);
const right: DateConstructor = globalThis.Date;
const now = (): number => right.now() + ahead;

globalThis.Date = new Proxy(right, {
  get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver)),
  apply: (target) => new target(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
});
