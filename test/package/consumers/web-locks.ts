// Compiled with the DOM's types: who knows navigator.locks can pass ours where it is asked for.
import { createLocks, type Locks } from "holdfast";
import { memory } from "holdfast/memory";

type WebLocks = Pick<LockManager, "request">;

const locks: Locks = createLocks(memory());
locks satisfies WebLocks;

export async function once(manager: WebLocks): Promise<void> {
  await manager.request("x", async () => {});
}
export const both: Promise<void>[] = [once(locks), once(navigator.locks)];
