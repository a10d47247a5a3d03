import { test, vi } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { conformance } from "../conformance/index.ts";

vi.setConfig({ maxConcurrency: 40 });
const store = memory();
conformance({ test: test.concurrent, transport: () => store });
conformance({ test: (name, fn) => test.concurrent(`in line, ${name}`, fn), transport: () => store, fair: true });
