import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromiumArguments, findChromium } from "../../support/chromium.ts";
import { bundle } from "../compile.ts";
import { place, print, project } from "./main.ts";

// Without a driver: the page needs nothing that only a driver can do.
const code = await bundle(project, "in/page.ts", { format: "esm" });
const page = `<!doctype html><meta charset="utf-8"><title>holdfast</title>
<script>place = ${JSON.stringify(place)}</script>
<script type="module">${code.replaceAll("</script", "<\\/script")}</script>`;

let report = (_results: string) => {};
const reported = new Promise<string>((resolve) => {
  report = resolve;
});
const server = createServer(async (request, response) => {
  if (request.method === "POST") report(Buffer.concat(await request.toArray()).toString());
  response.setHeader("content-type", "text/html").end(page);
});
await once(server.listen(0, "127.0.0.1"), "listening");

const path = await findChromium();
const version = /\d+(\.\d+)+/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))?.[0] ?? "";
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const own = ["--headless", `--user-data-dir=${join(project, "chromium")}`, "--no-first-run", address];
const browser = spawn(path, [...chromiumArguments(), ...own], { stdio: ["ignore", "ignore", "pipe"] });
let said = "";
browser.stderr.on("data", (chunk) => {
  said = (said + chunk).slice(-4000);
});
const closed = once(browser, "close");
const ended = closed.then(() => Promise.reject(new Error(`the browser ended before its tests: ${said}`)));
try {
  print(version, JSON.parse(await Promise.race([reported, ended])));
} finally {
  ended.catch(() => {});
  browser.kill();
  await closed;
  server.closeAllConnections();
  server.close();
}
