import { EdgeRuntime } from "edge-runtime";
import { bundle } from "../compile.ts";
import { place, print, project, versionOf } from "./main.ts";

const runtime = new EdgeRuntime({ initialCode: await bundle(project, "in/edge.ts", { format: "iife" }) });
const response = await runtime.dispatchFetch("http://edge/", { method: "POST", body: JSON.stringify(place) });
if (!response.ok) throw new Error(await response.text());
print(versionOf("edge-runtime"), await response.json());
