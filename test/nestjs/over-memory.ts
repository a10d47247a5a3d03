// The sample's service over memory, as a user's test has it: no Redis is there.
import "reflect-metadata";
import { Test } from "@nestjs/testing";
import { memory } from "../../adapters/memory.ts";
import { createLocks, type Locks } from "../../src/index.ts";

const { Invoices, LOCKS, LocksModule } = await import(process.argv[2] as string);
const module = await Test.createTestingModule({ imports: [LocksModule], providers: [Invoices] })
  .overrideProvider(LOCKS)
  .useValue(createLocks(memory()))
  .compile();
const invoices = module.get(Invoices);
const locks: Locks = module.get(LOCKS);
console.log(invoices.locks === locks, await invoices.settle("7"));

const held = await locks.acquire("invoice:8");
const settling = invoices.settle("8");
console.log(await locks.tryAcquire("invoice:8"));
await held.release();
console.log(await settling);
await module.close();
console.log(await invoices.settle("9").catch(({ code }: { code: string }) => code));
