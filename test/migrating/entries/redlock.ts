import { ENOUGH, type Entry, type Held, ioredisClients, orNull, PAUSE } from "../entry.ts";
import { type Lock4, type Lock5, Redlock4, Redlock5 } from "../libraries.ts";

export const redlock4: Entry = {
  library: "redlock 4.2.0",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const once = new Redlock4(clients, { retryCount: 0 });
    const patient = new Redlock4(clients, { retryCount: ENOUGH, retryDelay: PAUSE, retryJitter: 5 });
    const held = (lock: Lock4): Held => ({ release: () => lock.unlock(), extend: (ms) => lock.extend(ms) });
    return {
      take: async (name, ttl) => orNull(once.lock(name, ttl).then(held), /Exceeded 0 attempts/),
      wait: async (name, ttl) => held(await patient.lock(name, ttl)),
      close: async () => close(),
    };
  },
};

export const redlock5: Entry = {
  library: "redlock 5.0.0-beta.2",
  prefix: "",
  async open(servers) {
    const { clients, close } = await ioredisClients(servers);
    const once = new Redlock5(clients, { retryCount: 0 });
    const patient = new Redlock5(clients, { retryCount: ENOUGH, retryDelay: PAUSE, retryJitter: 5 });
    const renewer = new Redlock5(clients, { retryCount: 0, automaticExtensionThreshold: 1500 });
    const held = (lock: Lock5): Held => ({ release: () => lock.release(), extend: (ms) => lock.extend(ms) });
    return {
      take: async (name, ttl) => orNull(once.acquire([name], ttl).then(held), /unable to achieve a quorum/),
      wait: async (name, ttl) => held(await patient.acquire([name], ttl)),
      renewing: (name, ttl, work) => renewer.using([name], ttl, work),
      close: async () => close(),
    };
  },
};
