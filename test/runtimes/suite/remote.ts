import type { FaultKind, FaultOptions } from "../../support/rest-faults.ts";
import type { StationAddress, StationCall } from "../../support/rest-station.ts";
import { equal, settled } from "./check.ts";

export interface RemoteFault {
  hit(): Promise<void>;
  done(): Promise<void>;
  release(): Promise<void>;
}

/** The station as a test sees it that has only `fetch`. */
export interface Remote {
  redis(args: string[]): Promise<unknown>;
  fault(key: string, kind: FaultKind, options?: FaultOptions): Promise<RemoteFault>;
  requests(key: string): Promise<number>;
  /** Asserts that within `ms` nothing of the lock is in Redis but a record that expires. */
  nothingLeft(key: string, ms?: number): Promise<void>;
}

export function remote({ control }: StationAddress): Remote {
  async function call<T>(what: StationCall): Promise<T> {
    // As text, which a browser sends without asking first.
    const response = await fetch(control, { method: "POST", body: JSON.stringify(what) });
    const { value, error } = (await response.json()) as { value: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  const redis = (args: string[]) => call<unknown>({ redis: args });
  return {
    redis,
    async fault(key, kind, options = {}) {
      const number = await call<number>({ fault: kind, options, about: key });
      return {
        hit: () => call({ await: "hit", number }),
        done: () => call({ await: "done", number }),
        release: () => call({ release: number }),
      };
    },
    requests: (key) => call({ requests: key }),
    async nothingLeft(key, ms = 0) {
      const left = await settled(async () => {
        const held = await redis(["PTTL", key]);
        const record = await redis(["PTTL", `fence.7t5:${key}`]);
        if (held !== -2) return `the lock, with PTTL ${held}`;
        return record === -1 ? "a record that never expires" : "";
      }, ms);
      equal(left, "", "what is left in Redis");
    },
  };
}
