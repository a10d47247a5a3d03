import { expect, test } from "vitest";
import { billed, stated } from "./support/billed.ts";
import { deployed } from "./support/deployed.ts";
import { type Outside, outside } from "./support/outside.ts";
import { NODE, run, type Service, serve } from "./support/run.ts";

const app = deployed("node-service");

const started = (warehouse: Outside, grace = "20s"): Promise<Service> =>
  serve(app.folder, [NODE, "main.ts"], { REDIS_URL: app.redisUrl, WAREHOUSE_URL: warehouse.url, GRACE: grace });

const post = async (service: Service, customer: number) => {
  const response = await fetch(`${service.url}/exports/${customer}`, { method: "POST" });
  return { status: response.status, body: await response.text() };
};

/** A warehouse whose first batch stays on its way until it is let go. */
async function heldWarehouse() {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const warehouse = await outside(async () => {
    await gate;
    return { body: "100" };
  });
  return { warehouse, letGo };
}

async function stop(...services: Service[]): Promise<void> {
  for (const service of services) service.kill("SIGTERM");
  const ends = await Promise.all(services.map((service) => service.ended));
  expect(ends.map(({ code, signal }) => [code, signal])).toEqual(services.map(() => [0, null]));
}

test("compiles", async () => {
  await run(app.folder, [NODE, "node_modules/typescript/bin/tsc"]);
});

test("of three instances one exports, the others say that it runs; then it is the next one's turn", async () => {
  const { warehouse, letGo } = await heldWarehouse();
  const services = await Promise.all([1, 2, 3].map(() => started(warehouse)));
  const first = post(services[0] as Service, 1);
  await warehouse.called(1);
  const busy = await billed(app.redis, () => post(services[1] as Service, 1));
  expect(busy).toMatchObject({
    result: { status: 409 },
    commands: stated("node-service", "a request that finds it running"),
  });
  expect(await Promise.all(services.map((service) => post(service, 1)))).toMatchObject(
    [409, 409, 409].map((status) => ({ status })),
  );
  letGo();
  expect(await first).toEqual({ status: 200, body: "1000 rows\n" });
  expect(new Set(warehouse.calls.map(({ path }) => path)).size).toBe(warehouse.calls.length);

  const next = await billed(app.redis, () => post(services[2] as Service, 1));
  expect(next).toMatchObject({ result: { status: 200 }, commands: stated("node-service", "an export") });
  const fences = warehouse.calls.map(({ headers }) => Number(headers["x-fence"]));
  expect(fences).toEqual([...fences].sort((a, b) => a - b));
  expect(new Set(fences).size).toBe(2);
  await stop(...services);
  expect(await app.redis.send("EXISTS", "lock:export:1")).toBe(0);
});

test("SIGTERM lets an export end, keeps its lock meanwhile, and releases it", async () => {
  const { warehouse, letGo } = await heldWarehouse();
  const service = await started(warehouse);
  const running = post(service, 2);
  await warehouse.called(1);
  service.kill("SIGTERM");
  await service.prints(/draining/);
  await expect(fetch(service.url)).rejects.toThrow();
  expect(await app.redis.send("EXISTS", "lock:export:2")).toBe(1);
  letGo();
  expect(await running).toEqual({ status: 200, body: "1000 rows\n" });
  expect(await service.ended).toMatchObject({ code: 0, signal: null });
  expect(service.printed()).toContain("drained");
  expect(await app.redis.send("EXISTS", "lock:export:2")).toBe(0);
});

test("after the grace the export is stopped, its lock is free for the next instance, and the exit code is 0", async () => {
  const { warehouse } = await heldWarehouse();
  const service = await started(warehouse, "300ms");
  const running = post(service, 3);
  await warehouse.called(1);
  service.kill("SIGTERM");
  expect(await running).toEqual({ status: 503, body: "not exported\n" });
  expect(await service.ended).toMatchObject({ code: 0, signal: null });
  expect(service.printed()).toMatch(/^LOST: /m);
  expect(await app.redis.send("EXISTS", "lock:export:3")).toBe(0);
});
