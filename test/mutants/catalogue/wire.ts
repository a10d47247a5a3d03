import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const wire: Kind = {
  title: "The wire, names and secrets",
  mutants: [
    {
      name: "noscript-fatal",
      bug: "a server that forgot the scripts (SCRIPT FLUSH, a restart) fails every call",
      edits: edit("adapters/support/scripted.ts", 'if (!/^NOSCRIPT/.test((error as Error | undefined)?.message ?? "")) throw error;', "throw error;"),
      killer: inRedis("keys: scripts that the server forgot are sent again"),
    },
    {
      name: "rest-error-is-null",
      bug: "over REST whatever is no result reads as null, which means busy",
      edits: edit("adapters/support/rest.ts", "if (status === 200 && result !== undefined) return result;", "if (status < 600) return result ?? null;"),
      killer: { file: "test/faults/rest-acquire.test.ts", test: "x" },
    },
    {
      name: "rest-502-is-refusal",
      bug: "over REST a gateway's error counts as not executed, and leaves an orphan",
      edits: edit("adapters/support/rest.ts", "definitive: !!error && status > 400 && status < 500", "definitive: true"),
      killer: { file: "test/faults/rest-acquire.test.ts", test: "x" },
    },
    {
      name: "rest-timer-stays",
      bug: "each REST request leaves its timer",
      edits: edit("adapters/support/rest.ts", "      clearTimeout(timer);\n", ""),
      killer: { file: "test/faults/process-life.test.ts", test: "over REST it is the same" },
    },
    {
      name: "upstash-flag-not-dropped",
      bug: "a server that does not know Upstash's flag refuses every script",
      edits: edit("adapters/upstash.ts", "if (!/shebang/i.test((error as Error).message)) throw error;", "throw error;"),
      killer: { file: "test/faults/upstash-wire.test.ts", test: "x" },
    },
    {
      name: "cluster-client-misroutes",
      bug: "node-redis 4 sends keys with braces to the wrong node of a Cluster",
      edits: edit("adapters/support/slot.ts", 'if (!key.includes("{")) return key;', "if (key) return key;"),
      killer: { file: "test/transports/node-redis-4-cluster.test.ts", test: "x" },
    },
    {
      name: "key-prefix-accepted",
      bug: "an ioredis keyPrefix tears the keys of one lock apart",
      edits: edit("adapters/ioredis.ts", "if (client.options?.keyPrefix) {", "if (client.options?.keyPrefix === client) {"),
      killer: inUnit("raw-clients", "x"),
    },
    {
      name: "list-pattern-injected",
      bug: "a prefix with a star lists what others have",
      edits: edit("src/store.ts", 'prefix.replace(/[\\\\*?[\\]^-]/g, "\\\\$&")', "prefix"),
      killer: inRedis("x"),
    },
    {
      name: "empty-name-accepted",
      bug: "an empty name is a lock on the bare prefix, shared by every mistake",
      edits: edit("src/keys.ts", "if (!name || !fits(name, 1024)", "if (!fits(name, 1024)"),
      killer: inUnit("names", "x"),
    },
    {
      name: "surrogate-accepted",
      bug: "names with half a surrogate pair are one name on the wire, where they become U+FFFD",
      edits: edit("src/options.ts", " && !/\\p{Cs}/u.test(text)", ""),
      killer: inUnit("names", "x"),
    },
    {
      name: "bare-seconds-accepted",
      bug: "ttl: 30 is taken as 30 milliseconds",
      edits: edit("src/options.ts", "bare > 0 && bare < 1000", "bare > 0 && bare < 1"),
      killer: inUnit("options", "x"),
    },
    {
      name: "undefined-hides-default",
      bug: "an option that is undefined hides the default of createLocks",
      edits: edit("src/options.ts", ".filter(([, value]) => value !== undefined)", ""),
      killer: inUnit("options", "x"),
    },
    {
      name: "token-in-message",
      bug: "a client's error text, which has the whole command, shows the token",
      edits: edit("src/redact.ts", ".replace(/t[\\w-]{22}(?![\\w-])/g, \"<token>\")", ""),
      killer: inUnit("secrets", "x"),
    },
    {
      name: "password-in-message",
      bug: "a client's error text shows the password of the address",
      edits: edit("src/redact.ts", ":\\/\\/)[^\\s\"']*@", ":\\/\\/)@@@"),
      killer: inUnit("secrets", "x"),
    },
    {
      name: "memory-expires-early",
      bug: "the memory transport frees a key one millisecond before Redis does",
      edits: edit("adapters/support/memory-data.ts", "<= entry.expires) return entry;", "< entry.expires) return entry;"),
      killer: { file: "test/model/memory-equals-redis.test.ts", test: "x" },
    },
  ],
};
