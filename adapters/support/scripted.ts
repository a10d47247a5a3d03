import type { Transport } from "../../src/transport.ts";

/** Sends one command; `key` is the first key it touches, for clients that route by it. */
export type SendCommand = (args: string[], key: string | undefined) => Promise<unknown>;

/** Once known, as texts: who waits for a promise waits for a turn of the queue, at each command. */
const digests = new Map<string, string>();

/** The SHA-1 that EVALSHA names a script by; nothing where there is no WebCrypto (an insecure page). */
async function digest(script: string): Promise<string> {
  const hash = await globalThis.crypto?.subtle?.digest("SHA-1", new TextEncoder().encode(script));
  const sha = hash ? Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("") : "";
  digests.set(script, sha);
  return sha;
}

/** A transport over anything that sends a command: scripts go by their hash, and whole when the server forgot them. */
export function scripted(send: SendCommand): Transport {
  return {
    set: (key, value, { px }) => send(["SET", key, value, "NX", "PX", String(px)], key),
    async eval(script, keys, args) {
      const rest = [String(keys.length), ...keys, ...args];
      const sha = digests.get(script) ?? (await digest(script));
      if (sha) {
        try {
          return await send(["EVALSHA", sha, ...rest], keys[0]);
        } catch (error) {
          if (!/^NOSCRIPT/.test((error as Error | undefined)?.message ?? "")) throw error;
        }
      }
      return send(["EVAL", script, ...rest], keys[0]);
    },
  };
}

const DELETE_IF = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0";

/** With a release by a script that only compares and deletes: half of what the whole one costs the server. */
export function deleting(transport: Transport): Transport {
  return { ...transport, deleteIf: async (key, value) => Number(await transport.eval(DELETE_IF, [key], [value])) };
}
