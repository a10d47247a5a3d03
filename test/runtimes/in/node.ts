import { inProcess } from "./process.ts";

void inProcess(process.versions.node);
