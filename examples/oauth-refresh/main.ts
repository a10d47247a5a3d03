// A service that calls the provider's API for its visitors. Run as many instances as you like.
import { createServer } from "node:http";
import { Redis } from "ioredis";
import { sharedAccessToken } from "./access-token.ts";

const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379").on("error", console.error);
const accessToken = sharedAccessToken(redis, process.env.PROVIDER ?? "acme");

async function profile(): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${await accessToken()}` };
  const answer = await fetch(process.env.API_URL ?? "http://127.0.0.1:9000/me", { headers });
  return { status: answer.status, text: await answer.text() };
}

const server = createServer(async (_request, response) => {
  const { status, text } = await profile().catch((error) => {
    console.error(error);
    return { status: 503, text: "no access at the moment\n" };
  });
  // A connection that is kept alive would hold up the end by the keep-alive timeout.
  if (!server.listening) response.setHeader("connection", "close");
  response.writeHead(status).end(text);
});

server.listen(Number(process.env.PORT ?? 3000), () => console.log("listening", server.address()));

process.once("SIGTERM", () => {
  // A refresh that is under way belongs to a request: when all are answered, nothing holds the lock.
  server.close(() => redis.quit().catch(() => redis.disconnect()));
});
