import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const wire: Kind = {
  title: "The wire, names and secrets",
  mutants: [
    {
      name: "noscript-fatal",
      bug: "a server that forgot the scripts (SCRIPT FLUSH, a restart) fails every call",
      edits: edit(
        "adapters/support/scripted.ts",
        'if (!/^NOSCRIPT/.test((error as Error | undefined)?.message ?? "")) throw error;',
        "throw error;",
      ),
      killer: inRedis("keys: scripts that the server forgot are sent again"),
    },
    {
      name: "rest-error-is-null",
      bug: "over REST whatever is no result reads as null, which means busy",
      edits: edit(
        "adapters/support/rest.ts",
        "if (status === 200 && result !== undefined) return result;",
        "if (status < 600) return result ?? null;",
      ),
      killer: {
        file: "test/faults/rest-acquire.test.ts",
        test: "acquire with { fence: false } > quota: refused at once, in words that help",
      },
    },
    {
      name: "rest-502-is-refusal",
      bug: "over REST a gateway's error counts as not executed, and leaves an orphan",
      edits: edit(
        "adapters/support/rest.ts",
        "definitive: !!error && status > 400 && status < 500",
        "definitive: true",
      ),
      killer: {
        file: "test/faults/rest-acquire.test.ts",
        test: "acquire with { fence: false } > badGateway executed=true on the first request: granted all the same, and nothing is left",
      },
    },
    {
      name: "rest-timer-stays",
      bug: "each REST request leaves its timer",
      edits: edit("adapters/support/rest.ts", "      clearTimeout(timer);\n", ""),
      killer: { file: "test/faults/process-life.test.ts", test: "a Node process > over REST it is the same" },
    },
    {
      name: "upstash-flag-not-dropped",
      bug: "a server that does not know Upstash's flag refuses every script",
      edits: edit(
        "adapters/upstash.ts",
        "if (!/shebang/i.test((error as Error).message)) throw error;",
        "throw error;",
      ),
      killer: {
        file: "test/faults/upstash-wire.test.ts",
        test: "the flag and DELEX are tried once where the server does not know them",
      },
    },
    {
      name: "list-pattern-injected",
      bug: "a prefix with a star lists what others have",
      edits: edit("src/store.ts", 'prefix.replace(/[\\\\*?[\\]^-]/g, "\\\\$&")', "prefix"),
      killer: inRedis("operators: list tells all locks under the prefix, each once"),
    },
    {
      name: "empty-name-accepted",
      bug: "an empty name is a lock on the bare prefix, shared by every mistake",
      edits: edit("src/keys.ts", "if (!name || !fits(name, 1024)", "if (!fits(name, 1024)"),
      killer: inUnit("names", "a name that is empty is refused by every method, and nothing is sent"),
    },
    {
      name: "surrogate-accepted",
      bug: "names with half a surrogate pair are one name on the wire, where they become U+FFFD",
      edits: edit("src/read-options.ts", " && !/\\p{Cs}/u.test(text)", ""),
      killer: inUnit("names", "a name that is a lone surrogate is refused by every method, and nothing is sent"),
    },
    {
      name: "bare-seconds-accepted",
      bug: "ttl: 30 is taken as 30 milliseconds",
      edits: edit("src/read-options.ts", "bare > 0 && bare < 1000", "bare > 0 && bare < 1"),
      killer: inUnit("options", "a bare ttl of 30 is refused with a hint to say seconds or milliseconds"),
    },
    {
      name: "undefined-hides-default",
      bug: "an option that is undefined hides the default of createLocks",
      edits: edit("src/read-options.ts", "    if (value === undefined) continue;\n", ""),
      killer: inUnit("options", "ttl: undefined was not given, and does not hide a default of createLocks"),
    },
    {
      name: "token-in-message",
      bug: "a client's error text, which has the whole command, shows the token",
      edits: edit("src/redact.ts", '.replace(/t[\\w-]{22}(?![\\w-])/g, "<token>")', ""),
      killer: inUnit("secrets", "nor does a reply that is no answer show a token that is in it, whole or cut"),
    },
    {
      name: "password-in-message",
      bug: "a client's error text shows the password of the address",
      edits: edit("src/redact.ts", ":\\/\\/)[^\\s\"']*@", ":\\/\\/)@@@"),
      killer: inUnit(
        "secrets",
        "a client's error that carries secrets in the message > shows none of them in an error, its cause, its stack, its JSON, or an event",
      ),
    },
    {
      name: "memory-shortens",
      bug: "the memory transport, which tests rely on, does what Redis does not: a shorter extend shortens",
      edits: edit(
        "adapters/support/memory-data.ts",
        "Math.max(entry.expires, Math.floor(this.#now()) + px)",
        "Math.floor(this.#now()) + px",
      ),
      killer: { file: "test/transports/memory.test.ts", test: "basics: extend lengthens and never shortens" },
    },
  ],
};
