import type { Entry } from "../entry.ts";
import { mutex, redlockMutex } from "./redis-semaphore.ts";
import { redlock4, redlock5 } from "./redlock.ts";
import { universalNodeRedis, universalRedlock, universalSimple } from "./redlock-universal.ts";
import { simple } from "./simple-redis-mutex.ts";
import { upstash } from "./upstash-lock.ts";

/** Over one server. */
export const SINGLE: Entry[] = [redlock4, redlock5, mutex, universalSimple, universalNodeRedis, upstash, simple];

/** Over several. */
export const MANY: Entry[] = [redlock4, redlock5, redlockMutex, universalRedlock];
