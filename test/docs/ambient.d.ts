/** What the samples of the documentation use and do not declare; `prelude.ts` has it at run time. */
import type * as holdfast from "../../src/index.ts";

declare global {
  /** As a Worker has it. */
  interface Env {
    UPSTASH_REDIS_REST_URL: string;
    UPSTASH_REDIS_REST_TOKEN: string;
  }
  interface ExecutionContext {
    waitUntil(promise: Promise<unknown>): void;
  }
  interface Work {
    signal?: AbortSignal;
    fence?: number;
  }

  const locks: holdfast.Locks;
  const env: Env;
  const url: string;
  const client: { send(args: string[]): Promise<unknown> };
  const bunRedis: { send(name: string, args: string[]): Promise<unknown> };
  const glide: { customCommand(args: string[]): Promise<unknown> };
  const denoRedis: { sendCommand(name: string, args: string[]): Promise<unknown> };
  const subscriber: {
    subscribe(channel: string, onMessage: (message: string) => void): Promise<void>;
    unsubscribe(channel: string): Promise<void>;
  };
  const database: { query(sql: string, values: unknown[]): Promise<{ rowCount: number }> };
  const batches: string[][];
  function charge(invoice: Work & { invoice: number }): Promise<string>;
  function importBatch(batch: string[], work: Work): Promise<void>;
  function sendReport(): Promise<void>;
  function rebuildCache(): Promise<void>;
  function encodeVideo(work: Work): Promise<void>;
  function fetchNewToken(work: Work): Promise<string>;
  function fetchRates(currency: string, work: Work): Promise<Record<string, number>>;
  function encrypt(text: string): Promise<string>;
  function decrypt(text: string): Promise<string>;
  function refreshToken(work: Work): Promise<{ access_token: string; expires_in: number }>;
  function store(token: string, work: Work): Promise<void>;
}
