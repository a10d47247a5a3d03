// Requires what is named in the arguments, and takes and releases a lock.
const assert = require("node:assert/strict");
const { createLocks, isLockError, LockTimeoutError } = require("holdfast");
const { memory } = require("holdfast/memory");

const exported = {};
for (const specifier of process.argv.slice(2)) exported[specifier] = Object.keys(require(specifier)).sort();

async function main() {
  const store = memory();
  const ours = createLocks(store);
  const theirs = createLocks(store);

  const lease = await ours.acquire("invoice:42");
  assert.equal(lease.held, true);
  assert.ok(lease.signal instanceof AbortSignal);
  await assert.rejects(
    theirs.acquire("invoice:42", { wait: 0 }),
    (error) => error instanceof LockTimeoutError && isLockError(error, "TIMEOUT"),
  );
  assert.equal(await lease.release(), true);
  assert.equal(await theirs.request("invoice:42", async ({ fence }) => fence > lease.fence), true);

  assert.equal(require("holdfast/package.json").name, "holdfast");
  assert.throws(() => require("holdfast/dist/index.cjs"), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
  await ours.close();
  console.log(JSON.stringify(exported));
}

main();
