// Copy this file. It guards one key in Redis, which may be another Redis than the one with the locks.

/** Anything that can run a script: every transport of holdfast, `ioredis(client)` say, and an `@upstash/redis` client. */
export interface Scripts {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
}

/** A write that came with a smaller fence than the key has seen: its holder had lost the lock, and did not know. */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";
  readonly fence: number;
  readonly seen: number;

  constructor(key: string, fence: number, seen: number) {
    super(`${JSON.stringify(key)} was written with the fence ${seen}: refused a write with ${fence}, which is older.`);
    this.fence = fence;
    this.seen = seen;
  }
}

/**
 * Compares and writes in one step. The value and the fence share a hash, so that one cannot be lost without the other.
 * Both fences are numbers of at most 16 digits: exact in Lua, whose numbers are doubles.
 *
 * KEYS the key
 * ARGV the fence, the value
 * answers: { '1' written or '0' refused, the largest fence seen }
 */
const WRITE = `
local seen = redis.call('HGET', KEYS[1], 'fence') or '0'
if tonumber(ARGV[1]) < tonumber(seen) then return { '0', '=' .. seen } end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'value', ARGV[2])
return { '1', '=' .. ARGV[1] }`;

/** Tells the value and shows the fence to the key, so that whoever is older can no longer write. */
const READ = `
local seen = redis.call('HGET', KEYS[1], 'fence') or '0'
if tonumber(ARGV[1]) < tonumber(seen) then return { '0', '=' .. seen } end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
return { '1', '=' .. ARGV[1], '=' .. (redis.call('HGET', KEYS[1], 'value') or '') }`;

/** A key that accepts no write of an earlier holder after a later holder's first. */
export class FencedKey {
  readonly #scripts: Scripts;
  readonly #key: string;

  constructor(scripts: Scripts, key: string) {
    this.#scripts = scripts;
    this.#key = key;
  }

  /** @throws {StaleFenceError} if somebody with a larger fence was here before; nothing was written then. */
  async write(fence: number, value: string): Promise<void> {
    await this.#run(WRITE, fence, value);
  }

  /**
   * The value, or an empty text. Read before you write: from here on the key refuses every earlier holder, so that
   * nothing of theirs comes between your reading and your writing.
   *
   * @throws {StaleFenceError} if somebody with a larger fence was here before.
   */
  async read(fence: number): Promise<string> {
    return this.#run(READ, fence);
  }

  async #run(script: string, fence: number, ...args: string[]): Promise<string> {
    if (!Number.isSafeInteger(fence) || fence <= 0) throw new TypeError("A fence is a positive integer: lease.fence.");
    const reply = await this.#scripts.eval(script, [this.#key], [String(fence), ...args]);
    const [done, seen = "", value = ""] = (reply as unknown[]).map(String);
    if (done !== "1") throw new StaleFenceError(this.#key, fence, Number(seen.slice(1)));
    return value.slice(1);
  }
}
