import { request as httpRequest } from "node:http";

/** A client of a Worker that may leave at any moment. */
export interface Call<T> {
  /** What it answered; rejects when the client left, or the Worker threw. */
  answer: Promise<T>;
  /** Resets the connection, as a browser does that is closed. */
  leave(): void;
}

/** Sends one request on a connection of its own. */
export function call<T>(url: URL, body: unknown): Call<T> {
  const request = httpRequest(url, { method: "POST", agent: false });
  const answer = new Promise<T>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new Error(`HTTP ${response.statusCode}: ${text}`));
      });
    });
  });
  answer.catch(() => {});
  request.end(JSON.stringify(body));
  return {
    answer,
    // A plain close looks to workerd like a client that has sent everything and still reads.
    leave: () => void request.socket?.resetAndDestroy(),
  };
}
