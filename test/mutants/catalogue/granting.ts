import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const granting: Kind = {
  title: "Granting",
  mutants: [
    {
      name: "acquire-overwrites",
      bug: "a lock that another holds is overwritten: SET without NX",
      edits: edit("src/scripts.ts", "'NX', 'GET', 'PX', arg)", "'GET', 'PX', arg)"),
      killer: inRedis("basics: an expired lock can be taken, not before its lease has ended"),
    },
    {
      name: "acquire-without-expiry",
      bug: "the key never expires: a crashed holder blocks the name for ever",
      edits: edit("src/scripts.ts", "'NX', 'GET', 'PX', arg)", "'NX', 'GET')"),
      killer: inRedis("basics: a crashed holder's lock is free after its ttl"),
    },
    {
      name: "ttl-in-seconds",
      bug: "the ttl in milliseconds is sent as seconds",
      edits: edit("src/scripts.ts", "'NX', 'GET', 'PX', arg)", "'NX', 'GET', 'EX', arg)"),
      killer: inRedis("basics: a lock is held for its ttl, in the store and by the lease"),
    },
    {
      name: "own-token-is-busy",
      bug: "a retried acquire finds its own token and counts as held by another",
      edits: edit("src/scripts.ts", "if held and held ~= token then", "if held then"),
      killer: inRedis("replays: everything executed twice answers as if once, with a fence"),
    },
    {
      name: "null-of-set-believed",
      bug: "the null of a plain SET NX is taken for another holder, though an earlier send of it was granted",
      edits: edit("src/store.ts", 'if (answer.outcome === "granted") return answer;', "return answer;"),
      killer: inRedis("waiting: without a fence a null is believed only after a second request"),
    },
    {
      name: "replay-prolongs",
      bug: "a second copy of an acquire refreshes the ttl",
      edits: edit(
        "src/scripts.ts",
        "local left = held and call('PTTL', lock) or tonumber(arg)",
        "if held then call('PEXPIRE', lock, arg) end\nlocal left = tonumber(arg)",
      ),
      killer: inRedis("replays: a second copy of an acquire prolongs nothing, with a fence"),
    },
    {
      name: "spent-token-granted",
      bug: "a copy of an acquire that arrives after its release takes the lock for nobody",
      edits: edit(
        "src/scripts.ts",
        "if not held then call('DEL', lock) end\nreturn ok and reply('spent')",
        "return ok and reply('granted', left, mint())",
      ),
      killer: inRedis("replays: late copies of a whole life do not lock the name"),
    },
    {
      name: "spent-token-stays",
      bug: "a copy of an acquire that arrives after its release answers rightly, and leaves its key",
      edits: edit("src/scripts.ts", "if not held then call('DEL', lock) end\nreturn ok", "return ok"),
      killer: inRedis("replays: late copies of a whole life do not lock the name"),
    },
    {
      name: "clean-up-not-recorded",
      bug: "a clean-up that overtakes its acquire is forgotten, and the acquire is granted to nobody",
      edits: edit("src/scripts.ts", "call('SET', record, text, 'PX', math.max(call('PTTL', record), life))\n", ""),
      killer: inRedis("stragglers: a release that overtakes its acquire leaves nothing behind"),
    },
    {
      name: "tokens-alike",
      bug: "every caller has the same token, so that each takes another's lock for its own",
      edits: edit(
        "src/token.ts",
        "btoa(String.fromCharCode(...clock.randomBytes(17)))",
        "btoa(String.fromCharCode(...clock.randomBytes(17).fill(7)))",
      ),
      killer: inUnit("request", "calls at the same time through one object share nothing but the store"),
    },
    {
      name: "raw-client-accepted",
      bug: "a raw node-redis client passes as a transport: it ignores nx, and everyone is granted",
      edits: edit("src/transport-check.ts", "if (raw) throw", "if (raw && !has(raw[0])) throw"),
      killer: inUnit("raw-clients", "a raw client (redis 6 client) is refused with the name of its adapter"),
    },
  ],
};
