import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EdgeRuntime } from "edge-runtime";
import { bundle } from "../compile.ts";
import { place, print, project } from "./main.ts";

const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("edge-runtime/package.json"), "utf8"));
const runtime = new EdgeRuntime({ initialCode: await bundle(project, "in/edge.ts", { format: "iife" }) });
const response = await runtime.dispatchFetch("http://edge/", { method: "POST", body: JSON.stringify(place) });
if (!response.ok) throw new Error(await response.text());
print(version, await response.json());
