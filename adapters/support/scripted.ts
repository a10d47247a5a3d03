import type { Transport } from "../../src/transport.ts";

/** Sends one command; `key` is the first key it touches, for clients that route by it. */
export type SendCommand = (args: string[], key: string | undefined) => Promise<unknown>;

const digests = new Map<string, Promise<string | undefined>>();

/** The SHA-1 that EVALSHA names a script by; `undefined` where there is no WebCrypto (an insecure page). */
function digest(script: string): Promise<string | undefined> {
  let known = digests.get(script);
  if (!known) {
    known = (async () => {
      const hash = await globalThis.crypto?.subtle?.digest("SHA-1", new TextEncoder().encode(script));
      return hash && Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
    })();
    digests.set(script, known);
  }
  return known;
}

/** A transport over anything that sends a command: scripts go by their hash, and whole when the server forgot them. */
export function scripted(send: SendCommand): Transport {
  return {
    set: (key, value, { px }) => send(["SET", key, value, "NX", "PX", String(px)], key),
    async eval(script, keys, args) {
      const rest = [String(keys.length), ...keys, ...args];
      const sha = await digest(script);
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
