/** How to reach an Upstash database by REST. */
export interface UpstashOptions {
  /** `UPSTASH_REDIS_REST_URL`: an https address; http only for a loopback address, or with `allowHttp`. */
  url: string;
  /** `UPSTASH_REDIS_REST_TOKEN`. The read-only token does not do. */
  token: string;
  /** Used instead of the platform's `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /** After this a request is aborted, in milliseconds from 1 up; its outcome is unknown then. @default 5000 */
  timeout?: number | undefined;
  /** Allow the token to travel unencrypted over http: to other hosts: a private network, say. @default false */
  allowHttp?: boolean | undefined;
}

const LOOPBACK = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** An error that says whether the server refused the command before running anything. */
function failure(message: string, definitive: boolean, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { definitive });
}

function check({ url, token, allowHttp, timeout = 5000 }: UpstashOptions): URL {
  let address: URL | undefined;
  try {
    address = new URL(url);
  } catch {}
  if (!address || !/^https?:$/.test(address.protocol) || address.username) {
    throw new TypeError("upstash(): url is no https address. It is UPSTASH_REDIS_REST_URL, not the redis:// address.");
  }
  if (address.protocol === "http:" && !allowHttp && !LOOPBACK.test(address.hostname)) {
    throw new TypeError("upstash(): over http: the token could be read on the way. Use https:, or allowHttp: true.");
  }
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token) || /^["']|["']$/.test(token)) {
    throw new TypeError(
      "upstash(): token is empty, or has quotes, spaces or line breaks. It is UPSTASH_REDIS_REST_TOKEN.",
    );
  }
  if (!(timeout >= 1)) throw new TypeError(`upstash(): timeout is ${timeout}: expected milliseconds, 1 or more.`);
  return address;
}

/** One command by REST. What rejects is marked `definitive` when nothing of the command was run. */
export function rest(options: UpstashOptions): (command: string[]) => Promise<unknown> {
  const address = check(options).href;
  const { token, timeout = 5000 } = options;

  return async (command) => {
    // Read at each call: frameworks replace it. Called unbound: Workers refuse it as a method.
    const send = options.fetch ?? globalThis.fetch;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), Math.min(timeout, 2 ** 31 - 1));
    let response: Response;
    let text: string;
    try {
      response = await send(address, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(command),
        redirect: "manual",
        signal: controller.signal,
        // Next.js caches fetches; a Worker of before November 2024 throws on this option.
        ...("cache" in Request.prototype ? { cache: "no-store" as const } : {}),
      });
      text = await response.text();
    } catch (error) {
      throw failure(controller.signal.aborted ? `no answer within ${timeout} ms` : `no connection`, false, error);
    } finally {
      clearTimeout(timer);
    }
    return read(response.status, text);
  };
}

function read(status: number, text: string): unknown {
  let body: { result?: unknown; error?: unknown } | null = null;
  try {
    body = JSON.parse(text);
  } catch {}
  if (status === 200 && body && typeof body === "object" && "result" in body) return body.result;
  const said = typeof body?.error === "string" ? body.error : undefined;
  // Redis' own words, with its code in front.
  if (status === 400 && said) throw failure(said, false);
  throw failure(
    `HTTP ${status}: ${said ?? "no answer of Upstash's"}`,
    said !== undefined && status > 400 && status < 500,
  );
}
