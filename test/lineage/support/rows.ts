/** A feature of another system. */
export interface Feature {
  /** What it is here; what stands in backticks is there in its counterpart on the page, too. */
  here: string;
  /** Its counterpart in docs/migrating.md: first cells of the system's table there, or the beginning of a paragraph. */
  page: readonly string[];
}

/**
 * What users of five Python locks over Redis are used to, and what it is here: a row for each feature, which counts when
 * a test shows it.
 */
export const ROWS = {
  "python-redilock": {
    'one lock object with a ttl, used for many names; `with mylock("name"):`': {
      here: "`createLocks` with a `ttl`, `request` and `await using`",
      page: ["one `DistributedLock` with its `ttl`, for many names", "`with mylock(name):` waits for ever"],
    },
    "lock(name) returns a secret token, unlock(name, token)": {
      here: "`lease.token`; `restore({ name, token })`, then `release()` from anywhere",
      page: ["the token that `lock` returns", "`unlock(name, token)`: true or false"],
    },
    "ttl per object or per call, required for safety": {
      here: "`ttl` in defaults or per call, with a safe default",
      page: ["`ttl` in seconds, of the object or of one call, required"],
    },
    "block=False": { here: "`tryAcquire`", page: ["`block=False`, `block=5`"] },
    "interval of the background check": { here: "`retry`", page: ["`interval=0.25`"] },
    "only the holder unlocks": {
      here: "the token is compared and deleted `in one step`",
      page: ["only the holder unlocks"],
    },
    "not re-entrant: locking twice blocks until the ttl": {
      here: "`the same`, and the timeout error says that the holder's `owner` label is the `caller's own, when it is`",
      page: ["locking twice waits until the ttl"],
    },
    "ttl too short: the lock silently expires inside `with`": {
      here: "renewal, and a `signal` that `fires` first",
      page: ["the lock expires inside `with`, and nobody is told"],
    },
  },
  txredlock: {
    "Redlock([{host, port, db}, …]), several independent servers": {
      here: "`quorum([…])`",
      page: ["`Redlock([…])`, servers asked one after another"],
    },
    "an aim that it never reached: all servers contacted concurrently": {
      here: "concurrently, `each with its own time limit`",
      page: ["`Redlock([…])`, servers asked one after another"],
    },
    "lock(name, ms) gives validity, resource, key, or False": {
      here: "lease.`remaining()`, .`name`, .`token`, or `null` from `tryAcquire`",
      page: ["`lock(resource, ms)`: a `Lock` or `False`", "`validity`, `resource`, `key`"],
    },
    "retry count (3) and delay (200 ms)": {
      here: "`maxAttempts`, `retry`",
      page: ["`retry_count=3`, `retry_delay=0.2` in seconds"],
    },
    "MultipleRedlockException with every server's error": {
      here: "`LockBackendError`.`errors`, `by position`",
      page: ["`MultipleRedlockException`, also when the majority granted and one server failed"],
    },
    "asynchronous throughout": { here: "the same: `a promise`", page: ["every call returns a `Deferred`"] },
  },
  "redlock-py": {
    "Redlock quorum with clock drift in the validity": {
      here: "`the same arithmetic`, `counted from before the first` send",
      page: ["`validity`, with the drift of clocks taken off"],
    },
    "with dlm.lock(name, ms) as lock:": {
      here: "`request`, `await using`",
      page: ["`with dlm.lock(name, ms) as lock:`"],
    },
    "redlock lock NAME MS, redlock unlock NAME KEY, --redis URL repeated, --quiet; exits 0 done, 1 failed, 2 usage, 3 Redis unreachable":
      {
        here: "`holdfast lock`, `holdfast unlock`, `the same options` and `exits`, and `run`, `extend`, `status`, `reset`",
        page: ["`redlock lock NAME MS`, `redlock unlock NAME KEY`, `--redis`, `--quiet`"],
      },
    "warned of: no fencing token, process pauses, clock skew, one instance only": {
      here: "fencing tokens at `one store and over a` `quorum`; docs/`guarantees.md` says `what remains`",
      page: ["its README warns of no fencing token, paused processes, skewed clocks, and one instance only"],
    },
    "SET resource key NX PX, compare-and-delete": {
      here: 'with `prefix: ""` the same keys: the two `exclude each other` during a migration',
      page: ["**Both at once.**"],
    },
  },
  "python-redis-lock": {
    "acquire(blocking, timeout)": {
      here: "`tryAcquire`, `acquire({ wait`",
      page: ["`acquire(blocking=False)`", "`acquire(timeout=5)`, not longer than `expire` unless it renews"],
    },
    expire: { here: "`ttl`", page: ["`expire` in seconds; without it the lock never expires"] },
    "auto_renewal, every two thirds of the ttl, stops when the lock object is collected": {
      here: "`renew`, `every third`, stops at `release`, at `maxHold`, and when `the lease is collected`",
      page: ["`auto_renewal=True`, every two thirds of `expire`, until the lock object is collected"],
    },
    "id, get_owner_id(); release from another process with the id": {
      here: "`owner`, `query(name)`, `restore`",
      page: ["`id`, `Lock(conn, name, id=…).release()`", "`get_owner_id()`"],
    },
    "locked()": { here: "`query(name).held`", page: ["`locked()`"] },
    "extend(expire)": { here: "lease.`extend(ttl)`", page: ["`extend(expire)` raises `NotAcquired`"] },
    "release() raises NotAcquired": {
      here: "`release()` returns `false`: an expired lock is no exception",
      page: ["`release()` raises `NotAcquired`"],
    },
    "reset(), reset_all()": {
      here: "`forceRelease(name)`; `holdfast reset NAME`, `holdfast reset --all`",
      page: ["`reset()`, `reset_all()`"],
    },
    "no spinning while waiting (BLPOP signal)": {
      here: "`wake-ups` `where the transport can`, `poll`ing that `backs off` where it cannot; a `lost` wake-up `costs one poll`",
      page: ["waiting for a message (`BLPOP`), without asking"],
    },
    "AlreadyAcquired, NotAcquired, NotExpirable, InvalidTimeout, TimeoutNotUsable, TimeoutTooLarge": {
      here: "`LockOptionsError` for wrong use, `LockLostError` and `false` for the rest; `a wait` `longer than the ttl` is fine with renewal",
      page: [
        "`AlreadyAcquired`",
        "`release()` raises `NotAcquired`",
        "`extend(expire)` raises `NotAcquired`",
        "`NotExpirable`, from extending a lock without `expire`",
        "`InvalidTimeout`, for a `timeout` of 0 or less",
        "`TimeoutNotUsable`, for a `timeout` with `blocking=False`",
        "`TimeoutTooLarge`, for a `timeout` above `expire`",
      ],
    },
    "loggers by name: acquire, refresh, release": {
      here: "`onEvent`, and `OpenTelemetry`",
      page: ["loggers by name: `redis_lock.acquire`, `redis_lock.refresh`, `redis_lock.release`"],
    },
    "dogpile protection: cache.lock(key), locked_get_or_set": {
      here: "`singleFlight`",
      page: ["`cache.lock(key)`, `cache.locked_get_or_set`, against a dogpile"],
    },
    "keys lock:<name>": { here: "the `default prefix`: both exclude each other", page: ["**Both at once.**"] },
  },
  redismutex: {
    "with mutex.acquire_lock(key): mutex.key and mutex.value inside": {
      here: "`request`, `lease.name`, `lease.token`",
      page: ["`with mutex.acquire_lock(key):`, `mutex.key`, `mutex.value`"],
    },
    "blocking, block_time (5 s), delay (0.5 s), expiry (7 s)": {
      here: "`tryAcquire`, `wait`, `retry`, `ttl`",
      page: ["`block_time=5`, `delay=0.5`, `expiry=7`, in seconds", "`blocking=False` raises `MutexLockError`"],
    },
    BlockTimeExceedError: { here: "`LockTimeoutError`", page: ["`BlockTimeExceedError`"] },
    "ValueError when the settings contradict one another": {
      here: "`LockOptionsError`, with `the option, its value and the allowed range`",
      page: ["`ValueError` when the settings contradict one another"],
    },
    "decorator @with_redismutex(conn, key)": {
      here: "`locks.wrap(fn, { name })`, and a standard class-method decorator: `@locked`",
      page: ["`@with_redismutex(conn, key)`"],
    },
    "the key from the call's arguments (generate_key)": {
      here: "`name: (...args) => string`",
      page: ["`generate_key`, the key from the call's arguments"],
    },
  },
} as const;

export type System = keyof typeof ROWS;
export type Row<S extends System> = keyof (typeof ROWS)[S] & string;
