// An instance of an application made of docs/nestjs.md, whose module is the first argument: it calls a method of the
// service, says what came of it, and runs until it is stopped.
import "reflect-metadata";
import { NestFactory } from "@nestjs/core";

const [sample = "", method, id = ""] = process.argv.slice(2);

Object.assign(globalThis, {
  async charge({ fence, signal }: { fence: number; signal: AbortSignal }): Promise<string> {
    await fetch(`${process.env.BANK_URL}/${id}`, { method: "POST", body: String(fence), signal });
    return `charged ${id}`;
  },
});

const { Invoices, LocksModule } = await import(sample);

/** Says that Nest has begun to stop. */
class Stopping {
  beforeApplicationShutdown(signal: string): void {
    console.log(`stopping by ${signal}`);
  }
}

const app = await NestFactory.createApplicationContext(
  { module: class App {}, imports: [LocksModule], providers: [Invoices, Stopping] },
  { logger: false, abortOnError: false },
);
app.enableShutdownHooks();
const invoices = app.get(Invoices);
console.log(await (method === "charge" ? invoices.charge(Number(id)) : invoices.settle(id)));
