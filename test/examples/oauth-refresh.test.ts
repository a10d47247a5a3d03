import { expect, test } from "vitest";
import { text } from "../support/resp.ts";
import { authorizationServer } from "./support/authorization-server.ts";
import { billed, stated } from "./support/billed.ts";
import { deployed } from "./support/deployed.ts";
import { NODE, run, type Service, serve } from "./support/run.ts";

const app = deployed("oauth-refresh");

const started = (provider: string, url: string, more: Record<string, string> = {}): Promise<Service> =>
  serve(app.folder, [NODE, "main.ts"], {
    REDIS_URL: app.redisUrl,
    PROVIDER: provider,
    TOKEN_URL: `${url}/token`,
    API_URL: `${url}/me`,
    ...more,
  });

const me = async (service: Service) => {
  const response = await fetch(service.url);
  return `${response.status} ${await response.text()}`;
};

const logIn = (provider: string, refresh: string) =>
  app.redis.send("HSET", `tokens:${provider}`, "refresh", refresh, "access", "", "expiresAt", "0");
const expire = (provider: string) => app.redis.send("HSET", `tokens:${provider}`, "expiresAt", "0");

async function stop(...services: Service[]): Promise<void> {
  for (const service of services) service.kill("SIGTERM");
  for (const { ended } of services) expect(await ended).toMatchObject({ code: 0, signal: null });
}

test("compiles", async () => {
  await run(app.folder, [NODE, "node_modules/typescript/bin/tsc"]);
});

test("three instances with twelve requests at once refresh once, each time the token expires", async () => {
  const provider = await authorizationServer();
  await logIn("acme", provider.firstRefreshToken);
  const services = await Promise.all([1, 2, 3].map(() => started("acme", provider.url)));
  for (let expiry = 1; expiry <= 3; expiry++) {
    const answers = await Promise.all([1, 2, 3, 4].flatMap(() => services.map(me)));
    expect(answers).toEqual(Array(12).fill("200 hello"));
    expect(provider.refreshes()).toBe(expiry);
    await expire("acme");
  }
  expect(provider.loggedOut()).toBe(false);
  await stop(...services);
  expect(await app.redis.send("EXISTS", "lock:oauth:acme")).toBe(0);
});

test("the provider does log everybody out when a refresh token is used twice: what the lock is for", async () => {
  const provider = await authorizationServer();
  await logIn("unlocked", provider.firstRefreshToken);
  const refresh = () =>
    fetch(`${provider.url}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: provider.firstRefreshToken }),
    });
  expect((await Promise.all([refresh(), refresh()])).map(({ status }) => status).sort()).toEqual([200, 400]);
  expect(provider.loggedOut()).toBe(true);
});

test("a request costs what the page says", async () => {
  const provider = await authorizationServer();
  await logIn("cost", provider.firstRefreshToken);
  const service = await started("cost", provider.url);
  await me(service); // The first use of a script sends it twice, by its hash and as it is.
  await expire("cost");
  const refreshed = await billed(app.redis, () => me(service));
  expect(refreshed).toEqual({ result: "200 hello", commands: stated("oauth-refresh", "a request that refreshes") });
  const other = await billed(app.redis, () => me(service));
  expect(other).toEqual({ result: "200 hello", commands: stated("oauth-refresh", "a request with a fresh token") });
  await stop(service);
});

test("an instance that was paused past its ttl does not overwrite the newer token, and goes on with that one", async () => {
  const provider = await authorizationServer({ reuse: "tolerated", holdFirst: true });
  await logIn("paused", provider.firstRefreshToken);
  const [slow, fast] = await Promise.all([1, 2].map(() => started("paused", provider.url, { LOCK_TTL: "1s" })));
  const late = me(slow as Service);
  await provider.asked(1);
  slow?.kill("SIGSTOP");
  provider.letGo();
  expect(await me(fast as Service)).toBe("200 hello");
  const newer = text(await app.redis.send("HGET", "tokens:paused", "refresh"));
  expect(provider.refreshes()).toBe(2);
  slow?.kill("SIGCONT");
  expect(await late).toBe("200 hello");
  expect(text(await app.redis.send("HGET", "tokens:paused", "refresh"))).toBe(newer);
  await stop(slow as Service, fast as Service);
});

test("a provider that refuses is an answer of 503, and the lock is free for the next attempt", async () => {
  const provider = await authorizationServer();
  await logIn("refused", "a token of nobody");
  const service = await started("refused", provider.url);
  expect(await me(service)).toBe("503 no access at the moment\n");
  expect(service.printed()).toContain("The provider answered 400");
  expect(service.printed()).not.toContain("a token of nobody");
  expect(await app.redis.send("EXISTS", "lock:oauth:refused")).toBe(0);
  await stop(service);
});
