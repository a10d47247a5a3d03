// Imports what is named in the arguments, and takes and releases a lock.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createLocks, isLockError, LockOptionsError } from "holdfast";
import { memory } from "holdfast/memory";
import { faulty } from "holdfast/testing";

const exported = {};
for (const specifier of process.argv.slice(2)) exported[specifier] = Object.keys(await import(specifier)).sort();

const store = memory();
const ours = createLocks(store, { owner: "ours" });
const theirs = createLocks(store);

const lease = await ours.acquire("invoice:42");
assert.equal(lease.held, true);
assert.ok(lease.signal instanceof AbortSignal);
assert.equal(await theirs.tryAcquire("invoice:42"), null);
assert.equal((await theirs.query("invoice:42")).holders[0].owner, "ours");
assert.equal(await lease.release(), true);
assert.equal(await theirs.request("invoice:42", async ({ fence }) => fence > lease.fence), true);
assert.deepEqual(
  store.entries().filter(({ key }) => key.startsWith("lock:")),
  [],
);

await assert.rejects(ours.acquire(""), (error) => error instanceof LockOptionsError && isLockError(error, "OPTIONS"));
// The other copy in the same process, which a program gets when one of its dependencies uses require.
const copy = createRequire(import.meta.url)("holdfast");
assert.notEqual(copy.createLocks, createLocks);
await assert.rejects(copy.createLocks(store).acquire(""), (error) => isLockError(error, "OPTIONS"));
await assert.rejects(import("holdfast/dist/index.js"), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });

// A quorum that comes from the other copy.
const { quorum } = createRequire(import.meta.url)("holdfast/quorum");
function down() {
  const network = faulty(memory());
  network.next("fail", { times: Infinity });
  return network;
}
const many = (...stores) => createLocks(quorum(stores), { wait: 0 });
assert.equal(await many(memory(), memory(), down()).request("invoice:42", ({ fence }) => fence > 0), true);
await assert.rejects(many(memory(), down(), down()).acquire("invoice:42"), ({ code, errors }) => {
  assert.deepEqual([code, errors.map(({ position }) => position)], ["BACKEND", [1, 2]]);
  return true;
});

// A single flight, of this copy and by one that is not.
const { singleFlight } = await import("holdfast/single-flight");
const flight = () => singleFlight(ours, "flight", { keep: "1m" }, () => "made");
assert.deepEqual(await Promise.all([flight(), flight()]), ["made", "made"]);
const { singleFlight: other } = createRequire(import.meta.url)("holdfast/single-flight");
await assert.rejects(
  other(ours, "flight", { keep: "1m" }, () => 1),
  (error) => isLockError(error, "OPTIONS") && error.message.includes("the same copy of holdfast"),
);
const { locked } = createRequire(import.meta.url)("holdfast/decorators");
assert.equal(await locked({ name: "x", locks: ours })(async () => 1, { kind: "method" })(), 1);

await ours.close();
console.log(JSON.stringify(exported));
