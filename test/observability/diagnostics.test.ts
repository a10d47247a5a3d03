import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, test, vi } from "vitest";
import { diagnostics } from "../../src/diagnostics.ts";
import { read } from "../docs/markdown.ts";
import { everyEvent, TYPES } from "./every-event.ts";

const page = read("docs/observability.md");

afterEach(() => vi.restoreAllMocks());

test("each event is published to the channel of its type, as it is", async () => {
  const published: [string | symbol, unknown][] = [];
  const listener = (message: unknown, name: string | symbol) => void published.push([name, message]);
  for (const type of TYPES) subscribe(`holdfast:${type}`, listener);
  const events = await everyEvent(diagnostics());
  for (const type of TYPES) unsubscribe(`holdfast:${type}`, listener);
  expect(published).toEqual(events.map((event) => [`holdfast:${event.type}`, event]));
  for (const [index, [, message]] of published.entries()) expect(message).toBe(events[index]);
});

test("nothing is published to a channel without subscribers", async () => {
  const listener = () => {};
  subscribe("holdfast:lost", listener);
  const publish = vi.spyOn(Object.getPrototypeOf(channel("holdfast:acquired")), "publish");
  const toLost = vi.spyOn(channel("holdfast:lost"), "publish");
  await everyEvent(diagnostics());
  unsubscribe("holdfast:lost", listener);
  expect(toLost).toHaveBeenCalledTimes(1);
  expect(publish.mock.contexts).not.toContain(channel("holdfast:acquired"));
});

test("where there is no such module nothing happens, and it is looked for once", async () => {
  const lookUp = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const publish = diagnostics();
  expect(lookUp).not.toHaveBeenCalled();
  await everyEvent(publish);
  expect(lookUp.mock.calls).toEqual([["node:diagnostics_channel"]]);
});

test("a module that does not say so can be given, as the page gives it", async () => {
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const published: unknown[] = [];
  const listener = (message: unknown) => void published.push(message);
  subscribe("holdfast:lost", listener);
  const events = await everyEvent(diagnostics(await import("node:diagnostics_channel")));
  unsubscribe("holdfast:lost", listener);
  expect(published).toEqual(events.filter(({ type }) => type === "lost"));
  expect(page).toContain('`diagnostics(await import("node:diagnostics_channel"))`');
});

test("the documented channels are those that there are", () => {
  expect(page.match(/(?<=`)holdfast:\w+(?=`)/g)).toEqual(TYPES.map((type) => `holdfast:${type}`));
});

test("what is given is asked for each channel, and nothing else is looked for", async () => {
  const asked = new Set<string>();
  const lookUp = vi.spyOn(process, "getBuiltinModule");
  const given = (name: string) => {
    asked.add(name);
    return { hasSubscribers: false, publish: () => expect.unreachable() };
  };
  await everyEvent(diagnostics({ channel: given }));
  expect([...asked].sort()).toEqual(TYPES.map((type) => `holdfast:${type}`).sort());
  expect(lookUp).not.toHaveBeenCalled();
});
