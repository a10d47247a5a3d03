/**
 * What users of five Python locks over Redis are used to, and what it is here: a row for each feature, which counts when
 * a test shows it.
 */
export const ROWS = {
  "python-redilock": {
    'one lock object with a ttl, used for many names; `with mylock("name"):`':
      "createLocks(transport, { ttl }), request(name, fn) and await using",
    "lock(name) returns a secret token, unlock(name, token)":
      "lease.token; restore({ name, token }), then release() from anywhere",
    "ttl per object or per call, required for safety": "ttl in defaults or per call, with a safe default",
    "block=False": "tryAcquire",
    "interval of the background check": "retry",
    "only the holder unlocks": "the token is compared and deleted in one step",
    "not re-entrant: locking twice blocks until the ttl":
      "the same, and the timeout error says that the holder's owner label is the caller's own, when it is",
    "ttl too short: the lock silently expires inside `with`": "renewal, and a signal that fires first",
  },
  txredlock: {
    "Redlock([{host, port, db}, …]), several independent servers": "quorum([…])",
    "an aim that it never reached: all servers contacted concurrently": "concurrently, each with its own time limit",
    "lock(name, ms) gives validity, resource, key, or False":
      "lease.remaining(), .name, .token, or null from tryAcquire",
    "retry count (3) and delay (200 ms)": "maxAttempts, retry",
    "MultipleRedlockException with every server's error": "LockBackendError.errors, by position",
    "asynchronous throughout": "the same",
  },
  "redlock-py": {
    "Redlock quorum with clock drift in the validity": "the same arithmetic, counted from before the first send",
    "with dlm.lock(name, ms) as lock:": "request, await using",
    "redlock lock NAME MS, redlock unlock NAME KEY, --redis URL repeated, --quiet; exits 0 done, 1 failed, 2 usage, 3 Redis unreachable":
      "holdfast lock, holdfast unlock, the same options and exits, and run, extend, status, reset",
    "warned of: no fencing token, process pauses, clock skew, one instance only":
      "fencing tokens at one store and over a quorum; docs/guarantees.md says what remains",
    "SET resource key NX PX, compare-and-delete":
      'with prefix: "" the same keys: the two exclude each other during a migration',
  },
  "python-redis-lock": {
    "acquire(blocking, timeout)": "tryAcquire, acquire({ wait })",
    expire: "ttl",
    "auto_renewal, every two thirds of the ttl, stops when the lock object is collected":
      "renew, every third, stops at release, at maxHold, and when the lease is collected",
    "id, get_owner_id(); release from another process with the id": "owner, query(name), restore",
    "locked()": "query(name).held",
    "extend(expire)": "lease.extend(ttl)",
    "release() raises NotAcquired": "release() returns false: an expired lock is no exception",
    "reset(), reset_all()": "forceRelease(name); holdfast reset NAME, holdfast reset --all",
    "no spinning while waiting (BLPOP signal)":
      "wake-ups where the transport can, polling that backs off where it cannot; a lost wake-up costs one poll",
    "AlreadyAcquired, NotAcquired, NotExpirable, InvalidTimeout, TimeoutNotUsable, TimeoutTooLarge":
      "LockOptionsError for wrong use, LockLostError and false for the rest; a wait longer than the ttl is fine with renewal",
    "loggers by name: acquire, refresh, release": "onEvent, and OpenTelemetry",
    "dogpile protection: cache.lock(key), locked_get_or_set": "singleFlight",
    "keys lock:<name>": "the default prefix: both exclude each other",
  },
  redismutex: {
    "with mutex.acquire_lock(key): mutex.key and mutex.value inside": "request, lease.name, lease.token",
    "blocking, block_time (5 s), delay (0.5 s), expiry (7 s)": "wait, retry, ttl",
    BlockTimeExceedError: "LockTimeoutError",
    "ValueError when the settings contradict one another":
      "LockOptionsError, with the option, its value and the allowed range",
    "decorator @with_redismutex(conn, key)": "locks.wrap(fn, { name }), and a standard class-method decorator",
    "the key from the call's arguments (generate_key)": "name: (...args) => string",
  },
};

export type System = keyof typeof ROWS;
export type Row<S extends System> = keyof (typeof ROWS)[S] & string;
