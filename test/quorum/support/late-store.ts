import { upstash } from "../../../adapters/upstash.ts";
import type { Transport } from "../../../src/index.ts";
import type { FaultKind } from "../../support/rest-faults.ts";
import { startRestServer } from "../../support/rest-server.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { type RealStores, realStores } from "./stores.ts";

export interface Late {
  transport: Transport;
  /** Lets through what was held back; settles when it was executed. */
  relent(): Promise<unknown>;
}

/** Three stores. The way to the last is slow on request. */
export interface LateStore extends AsyncDisposable {
  real: RealStores;
  direct: Transport[];
  /** By TCP, where nothing overtakes: everything, or only the answers. */
  overTcp(held: "both" | "replies"): Late;
  /** By HTTP, where other requests overtake: this script on this name. */
  overRest(kind: FaultKind, script: string, name: string): Late & { hit: Promise<void> };
  rest: Transport;
  /** The arguments that this script was last sent with, by HTTP. */
  sent(script: string): string[];
}

export async function lateStore(): Promise<LateStore> {
  const real = await realStores(3);
  const { port, url: redisUrl } = real.stores[2]!.server;
  const proxy = await startTcpProxy(port);
  const server = await startRestServer({ redisUrl });
  const direct = (await real.clients()).map(({ transport }) => transport);
  const [slow] = await real.clients([proxy.url], ["ioredis"]);
  const { transport } = slow!;
  const ready = () => transport.eval("return 'ready'", [], []);
  await Promise.all([...direct.map((each) => each.eval("return 'ready'", [], [])), ready()]);
  const rest = upstash({ url: server.url, token: server.token, timeout: 60_000 });
  return {
    real,
    direct,
    rest,
    sent(script) {
      const last = server.requests.filter(({ command }) => command[1]?.endsWith(script)).at(-1);
      return last?.command.slice(5) ?? [];
    },
    overTcp(held) {
      proxy.blackhole(true, held);
      return {
        transport,
        relent() {
          proxy.blackhole(false);
          return ready();
        },
      };
    },
    overRest(kind, script, name) {
      const when = (command: string[]) => command.includes(`lock:${name}`) && Boolean(command[1]?.endsWith(script));
      const late = server.faults.next(kind, { when, ms: 300 });
      return {
        transport: rest,
        hit: late.hit,
        relent() {
          late.release();
          return late.done;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([proxy.close(), server.close()]);
      await real.stop();
    },
  };
}
