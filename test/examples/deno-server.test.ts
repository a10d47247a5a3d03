import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { billed, stated } from "./support/billed.ts";
import { deployed } from "./support/deployed.ts";
import { type Outside, outside } from "./support/outside.ts";
import { DENO, run, type Service, serve } from "./support/run.ts";

const app = deployed("deno-server");

/** The command that the example starts itself with, without leave to download anything. */
function command(): string[] {
  const { tasks } = JSON.parse(readFileSync(join(app.folder, "deno.json"), "utf8"));
  const [, run, ...rest] = tasks.start.split(" ");
  return [DENO, run, "--cached-only", ...rest];
}

const started = (warehouse: Outside): Promise<Service> =>
  serve(app.folder, command(), {
    REDIS_URL: app.redisUrl,
    WAREHOUSE_URL: warehouse.url,
  });

const deliver = async (service: Service, id: string) => {
  const body = JSON.stringify({ id, order: `order of ${id}` });
  const response = await fetch(service.url, { method: "POST", body });
  return `${response.status} ${(await response.text()).trim()}`;
};

test("compiles", async () => {
  await run(app.folder, [DENO, "check", "--cached-only", "main.ts"]);
});

test("an event that comes six times at once, to two instances, ships one parcel", async () => {
  const warehouse = await outside(() => ({ body: "" }));
  const services = await Promise.all([started(warehouse), started(warehouse)]);
  const copies = await Promise.all([...services, ...services, ...services].map((service) => deliver(service, "e1")));
  expect(copies.sort()).toEqual([
    "200 already shipped",
    "200 already shipped",
    "200 already shipped",
    "200 already shipped",
    "200 already shipped",
    "200 shipped",
  ]);
  expect(warehouse.calls.map(({ body }) => JSON.parse(body))).toEqual([{ order: "order of e1" }]);

  const first = await billed(app.redis, () => deliver(services[0] as Service, "e2"));
  expect(first).toEqual({ result: "200 shipped", commands: stated("deno-server", "a new event") });
  const copy = await billed(app.redis, () => deliver(services[1] as Service, "e2"));
  expect(copy).toEqual({ result: "200 already shipped", commands: stated("deno-server", "a copy of it, later") });

  for (const service of services) service.kill("SIGTERM");
  for (const { ended } of services) expect(await ended).toMatchObject({ code: 0, signal: null });
  expect(await app.redis.send("EXISTS", "lock:webhook:e1", "lock:webhook:e2")).toBe(0);
});

test("a parcel that could not be sent is sent when the event comes again", async () => {
  let broken = true;
  const warehouse = await outside(() => (broken ? { status: 500, body: "" } : { body: "" }));
  const service = await started(warehouse);
  expect(await deliver(service, "e3")).toBe("503 come again");
  expect(service.printed()).toContain("The warehouse answered 500");
  broken = false;
  expect(await deliver(service, "e3")).toBe("200 shipped");
  const [first, second] = warehouse.calls.map(({ headers }) => Number(headers["x-fence"])) as [number, number];
  expect(second).toBeGreaterThan(first);
  service.kill("SIGTERM");
  expect(await service.ended).toMatchObject({ code: 0 });
});

test("SIGTERM lets the parcel under way be sent and recorded, and releases the lock", async () => {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const warehouse = await outside(() => gate.then(() => ({ body: "" })));
  const service = await started(warehouse);
  const delivery = deliver(service, "e4");
  await warehouse.called(1);
  service.kill("SIGTERM");
  await expect
    .poll(
      () =>
        fetch(service.url).then(
          () => "open",
          () => "closed",
        ),
      { timeout: 10_000 },
    )
    .toBe("closed");
  expect(await app.redis.send("EXISTS", "lock:webhook:e4")).toBe(1);
  letGo();
  expect(await delivery).toBe("200 shipped");
  expect(await service.ended).toMatchObject({ code: 0, signal: null });
  expect(await app.redis.send("EXISTS", "lock:webhook:e4")).toBe(0);
  expect(await app.redis.send("EXISTS", "shipped:e4")).toBe(1);
});
