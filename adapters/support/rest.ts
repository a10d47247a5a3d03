import type { Wakeups } from "../../src/transport.ts";

/** What is used of `fetch`; the platform's fits, and any other that can do this much. */
export type Fetch = (
  url: string,
  init: {
    method: "POST";
    headers: Record<string, string>;
    body: string;
    redirect: "manual";
    signal: AbortSignal;
    cache?: "no-store";
  },
) => Promise<{
  /** The code of HTTP. */
  status: number;
  /** The whole body. */
  text(): Promise<string>;
}>;

/** How to reach an Upstash database by REST: options of {@link upstash}. */
export interface UpstashOptions {
  /** `UPSTASH_REDIS_REST_URL`: an https address; http only for a loopback address, or with `allowHttp`. */
  url: string;
  /** `UPSTASH_REDIS_REST_TOKEN`. The read-only token does not do. */
  token: string;
  /** Used instead of the platform's. @default the platform's `fetch`, looked up at each request */
  fetch?: Fetch | undefined;
  /** After this a request is aborted, in milliseconds from 1 up; its outcome is unknown then. @default 5000 */
  timeout?: number | undefined;
  /** Allow the token to travel unencrypted, over `http:`, to hosts other than a loopback one: a private network, say. @default false */
  allowHttp?: boolean | undefined;
  /**
   * `subscribe` of `holdfast/upstash-subscribe`: who waits in line is woken by a message, over a stream. For runtimes
   * that can hold one open.
   * @default none, who waits polls
   */
  subscribe?: ((options: UpstashOptions) => Wakeups) | undefined;
}

const LOOPBACK = /^http:\/\/(localhost|127\.[\d.]+|\[::1\])([:/]|$)/;

function check({ url, token, allowHttp, timeout = 1 }: UpstashOptions): void {
  const demand = (right: unknown, otherwise: string) => {
    if (!right) throw new TypeError(`upstash(): ${otherwise}.`);
  };
  demand(/^https?:\/\/[^\s@]+$/.test(url), "url is no https address; it is UPSTASH_REDIS_REST_URL");
  const hidden = /^https/.test(url) || allowHttp || LOOPBACK.test(url);
  demand(hidden, "http: shows the token to the network; use https:, or allowHttp");
  const fine = typeof token === "string" && /^[!#-&(-~]+$/.test(token);
  demand(fine, "token is empty, or has quotes or spaces; it is UPSTASH_REDIS_REST_TOKEN");
  demand(timeout >= 1, "timeout is not in milliseconds, from 1 up");
}

/** One command by REST. What rejects is marked `definitive` when nothing of the command was run. */
export function rest(options: UpstashOptions): (command: string[]) => Promise<unknown> {
  check(options);
  const { url, token, timeout = 5000 } = options;

  return async (command) => {
    // Read at each call: frameworks replace it. Called unbound: Workers refuse it as a method.
    const send: Fetch = options.fetch ?? fetch;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), Math.min(timeout, 2 ** 31 - 1));
    try {
      const response = await send(url, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(command),
        redirect: "manual",
        signal: controller.signal,
        // Next.js caches fetches; a Worker of before November 2024 throws on this option.
        ...("cache" in Request.prototype && { cache: "no-store" }),
      });
      return read(response.status, await response.text());
    } catch (error) {
      throw controller.signal.aborted ? new Error(`no answer within ${timeout} ms`) : error;
    } finally {
      clearTimeout(timer);
    }
  };
}

function read(status: number, text: string): unknown {
  let body: { result?: unknown; error?: unknown } = {};
  try {
    body = Object(JSON.parse(text));
  } catch {}
  const { result, error } = body;
  if (status === 200 && result !== undefined) return result;
  // A 400 has Redis' own words, with its code in front; other refusals are the gateway's, before anything is run.
  const message = status === 400 && error ? `${error}` : `HTTP ${status}: ${error ?? "no answer of Upstash's"}`;
  throw Object.assign(new Error(message), { definitive: !!error && status > 400 && status < 500 });
}
