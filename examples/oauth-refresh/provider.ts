import type { Tokens } from "./tokens.ts";

/**
 * The refresh of RFC 6749, section 6. Not given the lease's signal: once it is sent, the old refresh token is used up,
 * and to drop the answer would be to lose the new one.
 */
export async function refresh(refreshToken: string): Promise<Tokens> {
  const response = await fetch(process.env.TOKEN_URL ?? "http://127.0.0.1:9000/token", {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: process.env.CLIENT_ID ?? "",
      client_secret: process.env.CLIENT_SECRET ?? "",
    }),
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) throw new Error(`The provider answered ${response.status}: ${await response.text()}`);
  const issued = (await response.json()) as { access_token: string; refresh_token?: string; expires_in: number };
  return {
    access: issued.access_token,
    refresh: issued.refresh_token ?? refreshToken,
    expiresAt: Date.now() + issued.expires_in * 1000,
  };
}
