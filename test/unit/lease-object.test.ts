import { expect, test, vi } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { createLocks } from "../../src/index.ts";

test("a test can spy on a lease and put a function of its own in place of a method", async () => {
  const lease = await createLocks(memory()).acquire("x");
  const { release } = lease;
  const spy = vi.spyOn(lease, "release").mockResolvedValue(false);
  expect(await lease.release()).toBe(false);
  expect(spy).toHaveBeenCalledTimes(1);
  lease.verify = async () => false;
  expect(await lease.verify()).toBe(false);
  vi.spyOn(lease, "held", "get").mockReturnValue(false);
  expect(lease.held).toBe(false);
  expect(await release()).toBe(true);
});

test("leases of one program do not share what they are", async () => {
  const locks = createLocks(memory());
  const [one, other] = await Promise.all([locks.acquire("one"), locks.acquire("other", { owner: "me" })]);
  expect([one.name, other.name, one.owner, other.owner]).toEqual(["one", "other", undefined, "me"]);
  await one.release();
  expect([one.held, other.held]).toEqual([false, true]);
  await other.release();
});
