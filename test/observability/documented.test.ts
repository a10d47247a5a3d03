import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { read, tableUnder } from "../docs/markdown.ts";
import { rejection } from "../support/bench.ts";
import { watching, withOpenTelemetry } from "./watching.ts";

withOpenTelemetry();

const page = read("docs/observability.md");
const plain = (cell = "") => cell.replaceAll("`", "");

test("the documented events are those of the type, with what a failure may be of", () => {
  const source = readFileSync(new URL("../../src/events.ts", import.meta.url), "utf8");
  const types = [...source.matchAll(/^ {2}type: (.*);$/gm)].flatMap(([, union = ""]) => union.match(/\w+/g) ?? []);
  const rows = tableUnder(page, "Events");
  expect(rows.map(([type]) => plain(type))).toEqual(types);
  const during = /during: ("acquire".*);/.exec(source)?.[1]?.match(/[\w-]+/g);
  expect(rows.at(-1)?.[3]?.match(/(?<=`)(acquire|renew|release|clean-up)(?=`)/g)).toEqual(during);
});

test("the documented attributes and outcomes are those that spans have, each on the span that it says", async () => {
  const { traced, rival, clock, network, spans } = watching({ owner: "me" });
  await rival.acquire("x", { ttl: "5s" });
  await traced.tryAcquire("x");
  const call = traced.request("x", async (lease) => {
    await clock.advance(15_000);
    await rival.forceRelease("x");
    await rejection(lease.extend());
  });
  await clock.runUntilSettled(rejection(call));
  network.treat = () => ({ refuses: new Error("NOAUTH") });
  await rejection(traced.acquire("x"));
  const on = (name: string) =>
    new Set(spans().flatMap((span) => (span.name === `holdfast.${name}` ? Object.keys(span.attributes) : [])));
  const [waits, holds] = [on("wait"), on("hold")];
  const made = [...new Set([...waits, ...holds])].map((attribute) => [
    attribute,
    !waits.has(attribute) ? "hold" : holds.has(attribute) ? "both" : "wait",
  ]);
  const [, attributeTable = ""] = page.split("| attribute | on | value |");
  const rows = [...attributeTable.split("\n\n")[0]!.matchAll(/^\| `([\w.]+)` \| (\w+) \|/gm)];
  expect(rows.map(([, attribute, where]) => [attribute, where]).sort()).toEqual(made.sort());

  const source = readFileSync(new URL("../../src/otel-spans.ts", import.meta.url), "utf8");
  const [, endings = ""] = /outcome: ("released".*);/.exec(source) ?? [];
  const [, ends = ""] = /const ENDS = \{(.*)\}/.exec(source) ?? [];
  const outcomes = [...(endings + ends).matchAll(/"([\w ]+)"/g)].map(([, outcome]) => outcome);
  expect(outcomes.length).toBeGreaterThan(6);
  for (const outcome of outcomes) expect(attributeTable).toContain(`\`${outcome}\``);
});
