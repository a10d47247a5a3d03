/**
 * Wake-ups over Upstash's server-sent events.
 *
 * @module holdfast/upstash-subscribe
 */
import type { Wakeups } from "../src/transport.ts";
import type { UpstashOptions } from "./support/rest.ts";
import { eventData } from "./support/sse.ts";

/** What is used of the answer to a `fetch` beyond what a command needs. */
interface Streamed {
  status: number;
  text(): Promise<string>;
  body?: { getReader(): Reader } | null;
}

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Milliseconds before a stream that ended is opened again: this, twice this, and so on up to 30 s. */
const PAUSE = 250;

/**
 * Wake-ups over Upstash's `/subscribe`, for the option `subscribe` of `upstash`: server-sent events, a stream for each
 * channel that is waited for and each wait, opened when the wait begins and aborted when it ends.
 *
 * A stream that breaks is opened again as long as it is waited for, with pauses of 250 ms to 30 s. In a Worker a stream
 * belongs to the request that waits, counts as one of its subrequests and connections, and ends with it. A `fetch` of
 * your own must give its answer's `body` as a stream.
 *
 * @example
 * ```ts
 * import { createLocks } from "holdfast";
 * import { upstash } from "holdfast/upstash";
 * import { subscribe } from "holdfast/upstash-subscribe";
 *
 * const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
 * const locks = createLocks(upstash({ url, token, subscribe }));
 * ```
 */
export function subscribe({ url, token, timeout = 5000, fetch: own }: UpstashOptions): Wakeups {
  /** Resolves when the stream has ended. */
  async function stream(channel: string, signal: AbortSignal, onData: (data: string) => void): Promise<void> {
    // As it is wherever it can be, as Upstash's own client sends it.
    const path = encodeURIComponent(channel).replaceAll("%3A", ":");
    const send = (own ?? fetch) as (url: string, init: object) => Promise<Streamed>;
    const response = await send(`${url.replace(/\/$/, "")}/subscribe/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      redirect: "manual",
      signal,
      // Next.js caches fetches; a Worker of before November 2024 throws on this option.
      ...("cache" in Request.prototype && { cache: "no-store" }),
    });
    if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`);
    const reader = response.body?.getReader();
    if (!reader) throw new Error("this fetch gives no stream");
    const decoder = new TextDecoder();
    const feed = eventData(onData);
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        feed(decoder.decode(piece.value, { stream: true }));
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  function listen(channel: string, onMessage: (message: string) => void): Promise<() => void> {
    let ended = false;
    let failures = 0;
    let interrupt = () => {};

    /** One stream to its end; `known` is called when the server knows of the subscription. */
    async function once(known: () => void): Promise<void> {
      const controller = new AbortController();
      interrupt = () => controller.abort();
      let answered = false;
      const limit = setTimeout(interrupt, Math.min(timeout, 2 ** 31 - 1));
      try {
        await stream(channel, controller.signal, (data) => {
          const [, kind, rest = ""] = /^\s*(\w+),(.*)/s.exec(data) ?? [];
          if (ended || !rest.startsWith(`${channel},`)) return;
          if (kind === "message") onMessage(rest.slice(channel.length + 1));
          if (kind !== "subscribe") return;
          clearTimeout(limit);
          answered = true;
          failures = 0;
          known();
        });
        if (!answered) throw new Error("the stream ended before it began");
      } catch (error) {
        throw controller.signal.aborted && !answered ? new Error(`no answer within ${timeout} ms`) : error;
      } finally {
        clearTimeout(limit);
        controller.abort();
      }
    }

    function pause(): Promise<void> {
      const ms = Math.min(PAUSE * 2 ** failures++, 30_000) * (1 - Math.random() / 2);
      return new Promise((done) => {
        const timer = setTimeout(done, ms);
        interrupt = () => {
          clearTimeout(timer);
          done();
        };
      });
    }

    function stop(): void {
      ended = true;
      interrupt();
    }

    return new Promise((resolve, reject) => {
      async function follow(): Promise<void> {
        // Only the first failure is told. Later ones cost polls.
        let listening = false;
        await once(() => {
          listening = true;
          resolve(stop);
        }).catch(reject);
        ended ||= !listening;
        while (!ended) {
          await pause();
          if (!ended) await once(() => {}).catch(() => {});
        }
      }
      void follow();
    });
  }

  return { listen };
}
