import { edit, type Killer, type Kind } from "../mutant.ts";

const FLIGHT = "src/single-flight.ts";
const STORE = "src/flight-store.ts";
const SCRIPTS = "src/flight-scripts.ts";

const inFlights = (file: string, test: string): Killer => ({ file: `test/single-flight/${file}.test.ts`, test });

/** What the scripts do in Redis, the tests over memory do not see. */
const MODEL: Killer = {
  file: "test/model/memory-equals-redis.test.ts",
  test: "500 random runs end the same in memory and in Redis",
};

export const flights: Kind = {
  title: "Single flight",
  mutants: [
    {
      name: "lost-flight-publishes",
      bug: "a computation whose lease is over, though Redis has it still, leaves its result",
      edits: edit(FLIGHT, " && !lease.signal.aborted", ""),
      killer: inFlights(
        "losing",
        "a lease that is closed, or past its maxHold, leaves nothing, although Redis has it still",
      ),
    },
    {
      name: "stale-flight-overwrites",
      bug: "a result is left by whoever asks, although another holds the lock",
      edits: edit(SCRIPTS, "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call", "if true then redis.call"),
      killer: MODEL,
    },
    {
      name: "stale-flight-overwrites-a-quorum",
      bug: "a store of a quorum takes the result of an earlier fence than it has",
      edits: edit(SCRIPTS, "if was > fence or call", "if call"),
      killer: inFlights("redis", "a store of a quorum takes no result of an earlier fence than it has > in Redis"),
    },
    {
      name: "winner-is-not-decoded",
      bug: "who computed gets what it computed, and not what everyone else gets",
      edits: edit(FLIGHT, "(await decode(text)) as Result;\n      life", "value as never as Result;\n      life"),
      killer: inFlights("computing", "the winner's result passes through encode and decode like everyone else's"),
    },
    {
      name: "failure-of-before",
      bug: "who could not look for failures when it came is told of one that was there",
      edits: edit(
        STORE,
        "peek(call, send).catch(() => undefined);",
        "peek(call, send).catch(() => void (flight.old ??= 0));",
      ),
      killer: inFlights("quorum", "nor one who could not look for failures when it came"),
    },
    {
      name: "result-in-an-error",
      bug: "an error has the result that the client repeats in its message",
      edits: edit(STORE, '.replaceAll(value, "<result>")', ""),
      killer: inFlights(
        "page",
        "events never carry a result, whatever becomes of it and whatever a client of your own says of a command",
      ),
    },
  ],
};
