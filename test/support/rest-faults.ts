export type FaultKind =
  | "delay" // executes after `ms`, even if the client has gone
  | "delayReply" // executes at once, answers after `ms`
  | "dropRequest" // closes the connection, nothing executed
  | "dropReply" // executes, then closes the connection
  | "twice" // executes two times
  | "twiceLate" // executes and answers, and executes again after `ms`
  | "badGateway" // 502 with HTML
  | "html" // 200 with HTML, as a captive portal does
  | "aborted" // 200 with the result "Aborted", which @upstash/redis makes up for an aborted call
  | "rateLimit" // 429
  | "unauthorized" // 401
  | "quota" // 400 with the text of an exhausted plan
  | "truncated" // executes, sends half of the JSON as if that were all
  | "stall" // never answers
  | "stallBody" // executes, sends half of the body and nothing more
  | "hold" // executes when its handle is released, even if the client has gone
  | "error" // 400 with `text`, not executed
  | "errorAfter"; // executes, then 400 with `text`

/** What the HTTP layer offers to a fault; a fault decides what is executed, and what is answered when. */
export interface Exchange {
  execute(): Promise<RestReply>;
  answer(reply: RestReply, portion?: Portion): void;
  /** Closes the connection without an answer. */
  drop(): void;
  sleep(ms: number): Promise<void>;
  /** Settles when the client has gone or the server closes. */
  gone: Promise<void>;
  /** Settles when the fault's handle was released. */
  released: Promise<void>;
}

/** How much of the body is sent: all, half with the half's length, or half with the length of all. */
export type Portion = "all" | "truncated" | "stalled";

export interface RestReply {
  status: number;
  body: string;
  html?: boolean;
}

export interface FaultOptions {
  /** How many requests it hits. By default 1 for `next`. */
  times?: number;
  /** Hits only a request in which a command fits, by default any. */
  when?: (command: string[]) => boolean;
  /** Milliseconds of `delay`, `delayReply`, `twiceLate` and between the two of `twice`. */
  ms?: number;
  /** Which of the two replies `twice` answers. @default "second" */
  answer?: "first" | "second";
  /** The message of `error` and `errorAfter`. */
  text?: string;
  /** Whether `badGateway`, `html`, `stall` and `aborted` execute first. @default false */
  executed?: boolean;
}

const QUOTA =
  "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. " +
  "See https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details";
const page = (title: string) => `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
const json = (status: number, body: object): RestReply => ({ status, body: JSON.stringify(body) });

export type Fault = (x: Exchange, options: FaultOptions) => Promise<void>;

async function instead(reply: RestReply, x: Exchange, { executed }: FaultOptions): Promise<void> {
  if (executed) await x.execute();
  x.answer(reply);
}

export const faultTable: Record<FaultKind, Fault> = {
  delay: async (x, { ms = 100 }) => {
    await x.sleep(ms);
    x.answer(await x.execute());
  },
  delayReply: async (x, { ms = 100 }) => {
    const reply = await x.execute();
    await x.sleep(ms);
    x.answer(reply);
  },
  dropRequest: async (x) => x.drop(),
  dropReply: async (x) => {
    await x.execute();
    x.drop();
  },
  twice: async (x, { answer = "second", ms = 0 }) => {
    const first = await x.execute();
    if (ms > 0) await x.sleep(ms);
    const second = await x.execute();
    x.answer(answer === "first" ? first : second);
  },
  twiceLate: async (x, { ms = 100 }) => {
    x.answer(await x.execute());
    await x.sleep(ms);
    await x.execute();
  },
  badGateway: (x, o) => instead({ status: 502, body: page("502 Bad Gateway"), html: true }, x, o),
  html: (x, o) => instead({ status: 200, body: page("Welcome"), html: true }, x, o),
  aborted: (x, o) => instead(json(200, { result: "Aborted" }), x, o),
  rateLimit: async (x) => x.answer(json(429, { error: "Too Many Requests" })),
  unauthorized: async (x) => x.answer(json(401, { error: "Unauthorized" })),
  quota: async (x) => x.answer(json(400, { error: QUOTA })),
  truncated: async (x) => x.answer(await x.execute(), "truncated"),
  stall: async (x, { executed }) => {
    if (executed) await x.execute();
    await x.gone;
  },
  stallBody: async (x) => {
    x.answer(await x.execute(), "stalled");
    await x.gone;
  },
  hold: async (x) => {
    await x.released;
    x.answer(await x.execute());
  },
  error: async (x, { text = "ERR injected fault" }) => x.answer(json(400, { error: text })),
  errorAfter: async (x, { text = "ERR injected fault" }) => {
    await x.execute();
    x.answer(json(400, { error: text }));
  },
};
