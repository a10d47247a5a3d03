import { type Browser, chromium, type Page } from "playwright-core";
import { findChromium } from "../../support/chromium.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type RespClient, respClient } from "../../support/resp.ts";
import { type RestServer, startRestServer } from "../../support/rest-server.ts";
import { type Site, startSite } from "./site.ts";

export interface Visit {
  page: Page;
  /** Errors of the page: in its console, thrown, or requests that failed. */
  errors: string[];
  /** The addresses that it asked for. */
  asked: URL[];
}

export interface Stage {
  site: Site;
  browser: Browser;
  client: RespClient;
  rest: RestServer;
  visit(query: string, look?: { dark?: boolean; width?: number; still?: boolean }): Promise<Visit>;
  stop(): Promise<void>;
}

/** A real browser before the Worker, which is before a Redis of its own. */
export async function startStage(): Promise<Stage> {
  const closing: (() => unknown)[] = [];
  const stop = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    const executablePath = await findChromium();
    const redis: RedisServer = await startRedis();
    closing.push(() => redis.stop());
    const client = respClient(redis.url);
    closing.push(() => client.close());
    const rest = await startRestServer({ redisUrl: redis.url });
    closing.push(() => rest.close());
    const site = await startSite({ UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token });
    closing.push(() => site.stop());
    const browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--force-color-profile=srgb", "--disable-dev-shm-usage"],
    });
    closing.push(() => browser.close());
    return { site, browser, client, rest, visit: (query, look) => visit(browser, site, query, look), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function visit(browser: Browser, site: Site, query: string, look: Parameters<Stage["visit"]>[1] = {}) {
  const page = await browser.newPage({
    viewport: { width: look.width ?? 1200, height: 900 },
    colorScheme: look.dark ? "dark" : "light",
    reducedMotion: look.still ? "reduce" : "no-preference",
  });
  const errors: string[] = [];
  const asked: URL[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("requestfailed", (request) => errors.push(`${request.url()} failed`));
  page.on("request", (request) => asked.push(new URL(request.url())));
  page.on("websocket", (socket) => asked.push(new URL(socket.url())));
  await page.goto(new URL(query, site.url).href, { waitUntil: "networkidle" });
  return { page, errors, asked };
}
