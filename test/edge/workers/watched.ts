/** A Worker whose locks are watched in every way, for test/edge/watched.test.ts. */
import { context, trace } from "@opentelemetry/api";
import { memory } from "../../../adapters/memory.ts";
import { diagnostics } from "../../../src/diagnostics.ts";
import { createLocks } from "../../../src/index.ts";
import { instrument } from "../../../src/otel.ts";

const publish = diagnostics();
const { onEvent, traced } = instrument();
const events: string[] = [];
const locks = traced(
  createLocks(memory(), {
    onEvent(event) {
      events.push(event.type);
      publish(event);
      onEvent(event);
    },
  }),
);

interface Channels {
  subscribe(name: string, listener: () => void): void;
}
const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };

export default {
  async fetch(): Promise<Response> {
    let published = 0;
    const channels = process?.getBuiltinModule?.("node:diagnostics_channel") as Channels | undefined;
    channels?.subscribe("holdfast:acquired", () => void published++);
    const held = await locks.request("x", async (lease) => {
      await Promise.resolve();
      return lease.held && trace.getSpan(context.active()) === undefined;
    });
    return Response.json({ held, events, published });
  },
};
