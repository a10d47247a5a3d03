import { edit, inUnit, type Kind } from "../mutant.ts";

const SHARED = "adapters/support/subscriptions.ts";
const PLACES = "src/places.ts";
const STREAMS = "adapters/upstash-subscribe.ts";

const onClients = (test: string) => ({ file: "test/wakeups/clients.test.ts", test: `ioredis 6 > ${test}` });
const onStreams = (test: string) => ({
  file: "test/wakeups/upstash.test.ts",
  test: `over server-sent events > ${test}`,
});
const onExit = (test: string) => ({ file: "test/wakeups/exit.test.ts", test: `a process > ${test}` });

const ARRIVES = "a message that is published after listen has resolved arrives; after stop none does";
const ONE = "one connection for all channels, made on first need, kept for a moment, closed after the last";
const AGAIN = "a connection that was killed is made again, with every subscription";
const AWAY = "the server is away: listen rejects after a time, or resolves when the server is back";

export const wakeups: Kind = {
  title: "Wake-ups",
  mutants: [
    {
      name: "wakeup-connection-each",
      bug: "each channel that is listened to has a connection of its own",
      edits: edit(SHARED, "    } else if (!link && !reconnecting) {", "    } else {"),
      killer: onClients(ONE),
    },
    {
      name: "wakeup-connection-stays",
      bug: "the connection stays open when nobody listens any more",
      edits: edit(SHARED, "unreferenced(setTimeout(drop, LINGER));", "undefined;"),
      killer: onClients(ONE),
    },
    {
      name: "wakeup-connection-holds-process",
      bug: "a process that is done lives on for a connection that nobody listens on",
      edits: edit(SHARED, "link.subscriber.keepsAlive(false);", ""),
      killer: onExit("over ioredis is not kept alive by a connection that nobody listens on any more"),
    },
    {
      name: "wakeup-connection-not-held",
      bug: "a process that listens again ends, because the connection that it took back does not count",
      edits: edit(SHARED, "      link.subscriber.keepsAlive(true);\n", ""),
      killer: onExit("over redis is kept alive by one that was taken back"),
    },
    {
      name: "wakeup-not-renewed",
      bug: "a connection that broke is not made again",
      edits: edit(SHARED, "      if (channels.size)\n", "      if (!channels)\n"),
      killer: onClients(AGAIN),
    },
    {
      name: "wakeup-renewed-for-nobody",
      bug: "a connection that broke is made again although nobody listens",
      edits: edit(SHARED, "      if (channels.size)\n", "      if (channels)\n"),
      killer: onClients(AGAIN),
    },
    {
      name: "wakeup-stop-ends-all",
      bug: "one listener that ends takes the subscription from the others",
      edits: edit(
        SHARED,
        "if (channel.listeners.delete(listener) && !channel.listeners.size) leave",
        "if (channel.listeners.delete(listener)) leave",
      ),
      killer: onClients(ARRIVES),
    },
    {
      name: "wakeup-subscribed-for-ever",
      bug: "a channel that nobody listens to stays subscribed, so that releases publish to nobody",
      edits: edit(SHARED, "    if (link?.open) link.subscriber.unsubscribe(name).catch(() => {});\n", ""),
      killer: onClients(ONE),
    },
    {
      name: "wakeup-unconfirmed",
      bug: "a channel counts as subscribed while its connection is away",
      edits: edit(SHARED, "if (channel.confirmation.settled)", "if (!channel)"),
      killer: onClients(AWAY),
    },
    {
      name: "wakeup-client-reconnects",
      bug: "the client makes the connection again beside ours",
      edits: edit("adapters/ioredis.ts", "  retryStrategy: null,\n", ""),
      killer: onClients(AGAIN),
    },
    {
      name: "stream-not-opened-again",
      bug: "a stream that ended is not opened again",
      edits: edit(STREAMS, "if (!ended) await once(() => {}).catch(() => {});", ""),
      killer: onStreams("a stream that ends (complete) is opened again, as long as somebody listens"),
    },
    {
      name: "stream-left-open",
      bug: "a stream stays open after the wait",
      edits: edit(STREAMS, "      ended = true;\n      interrupt();\n", "      ended = true;\n"),
      killer: onStreams(
        "a message that is published after listen has resolved arrives; after stop none does, and no stream is left",
      ),
    },
    {
      name: "stream-of-another",
      bug: "a message for another channel wakes",
      edits: edit(STREAMS, "if (ended || !rest", "if (ended && rest"),
      killer: onStreams("characters that are cut apart, comments, and what is meant for others"),
    },
    {
      name: "stream-cut-characters",
      bug: "a character that is cut apart on the way arrives as two others",
      edits: edit(STREAMS, "decoder.decode(piece.value, { stream: true })", "decoder.decode(piece.value)"),
      killer: onStreams("characters that are cut apart, comments, and what is meant for others"),
    },
    {
      name: "listening-asks-of-all",
      bug: "who begins to listen asks at once, however far back it stands",
      edits: edit(PLACES, "if (clock.monotonic() < line.far) continue;", ""),
      killer: inUnit(
        "fair-messages",
        "listening > who cannot have had its turn before listening had begun does not ask",
      ),
    },
    {
      name: "listening-asks-of-none",
      bug: "what was said before listening had begun is not asked for",
      edits: edit(PLACES, "if (clock.monotonic() < line.far) continue;", "continue;"),
      killer: inUnit("fair-messages", "listening > what was said before listening had begun is asked for then"),
    },
    {
      name: "listening-ends-under-a-waiter",
      bug: "a channel that nobody needed for a moment is left although somebody waits again",
      edits: edit(PLACES, "      stay();\n      if (!end)", "      if (!end)"),
      killer: inUnit(
        "fair-messages",
        "several of one process > listen on for a moment when nobody waits any more, but not beyond close",
      ),
    },
  ],
};
