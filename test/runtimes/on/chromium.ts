import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { chromiumArguments, findChromium } from "../../support/chromium.ts";
import { bundle } from "../compile.ts";
import type { Place, Result } from "../suite/place.ts";
import { place, print, project } from "./main.ts";

const code = await bundle(project, "in/page.ts", { format: "esm" });
const page = `<!doctype html><title>holdfast</title><script type="module">${code.replaceAll("</script", "<\\/script")}</script>`;
const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
await once(server.listen(0, "127.0.0.1"), "listening");
const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments() });
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const run = (given: Place) => (globalThis as unknown as { runSuite(place: Place): Promise<Result[]> }).runSuite(given);
  print(browser.version(), await tab.evaluate(run, place));
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
