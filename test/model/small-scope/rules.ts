import type { MemoryData } from "../../../adapters/support/memory-data.ts";

/** A script in the server's place. */
export type Script = (data: MemoryData, keys: [lock: string, record: string], args: string[]) => unknown;

/** The rules of the protocol that an exploration can take out, each with its counterexample in the tests. */
export interface Rules {
  /** Deadlines are counted from before the request that granted was sent. */
  deadlineFrom: "send" | "reply";
  /** A token serves one grant: what follows a clean-up asks with a new one. */
  freshTokens: boolean;
  /** A wait that ends gives back what it may have been granted. */
  cleansUp: boolean;
  /** Scripts that replace the real ones. */
  acquire?: Script;
  extend?: Script;
  release?: Script;
  force?: Script;
}

export const RULES: Rules = { deadlineFrom: "send", freshTokens: true, cleansUp: true };
