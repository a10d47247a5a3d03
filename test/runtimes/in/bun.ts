import { inProcess } from "./process.ts";

void inProcess(process.versions.bun ?? "");
