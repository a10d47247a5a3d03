import { edit, inRedis, inUnit, type Kind } from "../mutant.ts";

export const fencing: Kind = {
  title: "Fencing",
  mutants: [
    {
      name: "fence-from-counter",
      bug: "the fence is a plain counter, which starts anew when Redis loses it",
      edits: edit("src/scripts.ts", "math.max((tonumber(last) or 0) + 1, now)", "(tonumber(last) or 0) + 1"),
      killer: inRedis("keys: fences grow although their counter was lost"),
    },
    {
      name: "fence-from-clock",
      bug: "the fence is the server's time alone, which may go back",
      edits: edit("adapters/support/memory-scripts.ts", "Math.max((Number.parseInt(was, 10) || 0) + 1, now)", "now"),
      killer: inUnit("fence", "fences grow although the server's clock goes back"),
    },
    {
      name: "fence-not-exact",
      bug: "a large fence is printed as 1.7e+15",
      edits: edit("src/scripts.ts", "('%.0f'):format(fence)", "tostring(fence)"),
      killer: inRedis("fencing: fences grow with every grant, whoever is granted"),
    },
    {
      name: "fence-of-replay-is-new",
      bug: "a copy of an acquire mints a fence of its own",
      edits: edit(
        "src/scripts.ts",
        "if held and mark == '+' then return reply('granted', left, last) end",
        "if held and mark == '+' then return reply('granted', left, mint()) end",
      ),
      killer: inRedis("replays: a second copy of an acquire prolongs nothing, with a fence"),
    },
    {
      name: "fence-never-expires",
      bug: "a name that was locked once leaves a key for ever",
      edits: edit("src/scripts.ts", ":sub(1, 168), 'PX', math.ceil((fence - now) / 1000) + life)", ":sub(1, 168))"),
      killer: inRedis("keys: whatever is left of a lock expires"),
    },
    {
      name: "fence-missing-unnoticed",
      bug: "a grant whose reply has no fence is handed on, and undefined reaches the database",
      edits: edit(
        "src/store.ts",
        'if (answer.outcome === "granted" && fence !== !!answer.fence) throw malformed(answer);\n',
        "",
      ),
      killer: inUnit("busy-or-outage", 'a malformed reply is no grant > ["granted",30000,"","="]'),
    },
    {
      name: "fence-read-as-undefined",
      bug: "reading a fence that was not minted gives undefined",
      edits: edit("src/open-lease.ts", "if (fence) return fence;", "if (fence !== null) return fence as number;"),
      killer: inUnit("loss", "release > of a lease without a fence, whose fence cannot be read"),
    },
    {
      name: "auxiliary-key-in-another-slot",
      bug: "the record's key is {key}:fence, which on a Cluster is elsewhere for names with braces",
      edits: edit("src/keys.ts", "recordKey: RECORD + lock }", 'recordKey: ["{", lock, "}:fence"].join("") }'),
      killer: { file: "test/transports/ioredis-6-cluster.test.ts", test: "names: an empty hash tag works" },
    },
  ],
};
