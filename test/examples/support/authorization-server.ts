import { randomUUID } from "node:crypto";
import { type Outside, outside, type Reply } from "./outside.ts";

export interface AuthorizationServer {
  url: string;
  firstRefreshToken: string;
  /** How many refreshes were granted. */
  refreshes(): number;
  /** Whether a refresh token was used twice, and every token of the family was revoked for it. */
  loggedOut(): boolean;
  /** Waits until it was asked for so many refreshes. */
  asked(times: number): Promise<void>;
  /** Answers the refresh that was held. */
  letGo(): void;
}

interface Options {
  /** As RFC 9700, section 4.14.2 recommends, or as providers do that allow for retries. */
  reuse?: "revokes" | "tolerated";
  /** Whether the answer to the first refresh stays on its way until `letGo`. */
  holdFirst?: boolean;
}

/** An authorization server whose refresh tokens are single use, and the API behind it. */
export async function authorizationServer({
  reuse = "revokes",
  holdFirst = false,
}: Options = {}): Promise<AuthorizationServer> {
  const firstRefreshToken = randomUUID();
  const issued = new Set<string>([firstRefreshToken]);
  const used = new Set<string>();
  const access = new Set<string>();
  let refreshes = 0;
  let revoked = false;
  let letGo = () => {};
  const gate = holdFirst ? new Promise<void>((resolve) => (letGo = resolve)) : undefined;

  async function refresh(body: string): Promise<Reply> {
    const form = new URLSearchParams(body);
    const token = form.get("refresh_token") ?? "";
    const reused = used.has(token);
    if (reused && reuse === "revokes") revoked = true;
    if (form.get("grant_type") !== "refresh_token" || !issued.has(token) || revoked) {
      return { status: 400, body: '{"error":"invalid_grant"}' };
    }
    used.add(token);
    refreshes++;
    const next = { access_token: randomUUID(), refresh_token: randomUUID(), expires_in: 3600 };
    issued.add(next.refresh_token);
    access.add(next.access_token);
    if (refreshes === 1) await gate;
    return { body: JSON.stringify(next) };
  }

  const { url, called }: Outside = await outside(({ path, body, headers }) => {
    if (path === "/token") return refresh(body);
    const bearer = headers.authorization?.slice("Bearer ".length) as string;
    return access.has(bearer) && !revoked ? { body: "hello" } : { status: 401, body: "who are you" };
  });
  return {
    url,
    firstRefreshToken,
    refreshes: () => refreshes,
    loggedOut: () => revoked,
    asked: called,
    letGo: () => letGo(),
  };
}
