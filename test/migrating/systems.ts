/**
 * The Python systems by the commands that they send, as their sources have them: python-redilock 0.6, txredlock and
 * redlock-py (`SET NX PX`), python-redis-lock 4.0 and redismutex 1.0 (`SET NX EX`). No Python is run.
 */
export const SYSTEMS: { system: string; prefix: string; life: ["PX" | "EX", number] | [] }[] = [
  { system: "python-redilock", prefix: "", life: ["PX", 60_000] },
  { system: "txredlock, redlock-py", prefix: "", life: ["PX", 60_000] },
  { system: "python-redis-lock", prefix: "lock:", life: ["EX", 60] },
  { system: "python-redis-lock without expire", prefix: "lock:", life: [] },
  { system: "redismutex", prefix: "", life: ["EX", 60] },
];
