/** The only file that imports the other libraries: they are in this folder's node_modules. */

import * as upstashLock from "@upstash/lock";
import * as simpleRedisMutex from "simple-redis-mutex";
import * as universal from "universal";

export { Lock as UpstashLock } from "@upstash/lock";
export { Redis as UpstashRedis } from "@upstash/redis";
export { defaultTimeoutOptions, MultiSemaphore, Mutex, RedlockMutex, Semaphore, TimeoutError } from "redis-semaphore";
export { default as Redlock4, type Lock as Lock4 } from "redlock4";
export { default as Redlock5, ExecutionError, type Lock as Lock5 } from "redlock5";
export { lock as mutexLock, tryLock } from "simple-redis-mutex";
export {
  createLock,
  createRedlock,
  IoredisAdapter,
  LockAcquisitionError,
  LockManager,
  NodeRedisAdapter,
} from "universal";
/** All that they export. */
export { simpleRedisMutex, universal, upstashLock };
