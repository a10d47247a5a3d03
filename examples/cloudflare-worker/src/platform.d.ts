// What this example uses of the types of Workers. `npx wrangler types` writes all of them.
interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  first<Row>(): Promise<Row | null>;
  run(): Promise<unknown>;
}

interface D1Database {
  prepare(query: string): D1Statement;
}

interface WebSocket {
  accept(): void;
}

interface ResponseInit {
  webSocket?: WebSocket;
}

declare class WebSocketPair {
  0: WebSocket;
  1: WebSocket;
}

interface Env {
  LEDGER: D1Database;
  UPSTASH_REDIS_REST_URL?: string;
  UPSTASH_REDIS_REST_TOKEN?: string;
  /** Where charges go. Without it they are only pretended. */
  PAYMENTS_URL?: string;
}
