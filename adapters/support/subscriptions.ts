import type { Wakeups } from "../../src/transport.ts";

/** One connection that does nothing but subscribe. It never reconnects by itself. */
export interface Subscriber {
  /** Settles when commands can be sent. */
  opened: Promise<unknown>;
  /** Resolves when the server confirmed it. */
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /** Whether the process lives on for this connection. */
  keepsAlive(yes: boolean): void;
  /** At any time, more than once. */
  close(): void;
}

/** What a connection tells. */
export interface SubscriberEvents {
  message(channel: string, message: string): void;
  /** It is over, or will soon be; may be told more than once. */
  ended(error?: unknown): void;
}

interface Link {
  subscriber: Subscriber;
  open: boolean;
  ended(error: unknown): void;
}

interface Channel {
  listeners: Set<(message: string) => void>;
  confirmation: Confirmation;
}

/** That the server knows of a subscription. */
interface Confirmation {
  settled: boolean;
  promise: Promise<void>;
  settle(error?: unknown): void;
}

/** Milliseconds that a connection, an answer, and a whole `listen` may take. */
const LIMIT = 5000;
/** Milliseconds that a connection without listeners is kept, so that waits that are short do not connect each time. */
const LINGER = 1000;

/** Wake-ups for any number of channels over one connection: made on first need, renewed when it breaks, then closed. */
export function subscriptions(connect: (events: SubscriberEvents) => Subscriber): Wakeups {
  const channels = new Map<string, Channel>();
  let link: Link | undefined;
  let reconnecting: unknown;
  let lingering: unknown;
  let failures = 0;
  let failure: unknown;

  async function start(): Promise<void> {
    reconnecting = undefined;
    function ended(error: unknown): void {
      if (link !== mine) return;
      failure = error ?? failure;
      drop();
      for (const channel of channels.values()) if (channel.confirmation.settled) channel.confirmation = confirmation();
      if (channels.size)
        reconnecting = setTimeout(start, Math.min(50 * 2 ** failures++, 2000) * (1 - Math.random() / 2));
    }
    const mine: Link = { subscriber: undefined as never, open: false, ended };
    link = mine;
    try {
      mine.subscriber = connect({ message: deliver, ended });
      await within(mine.subscriber.opened);
      mine.open = link === mine;
      if (mine.open) for (const name of channels.keys()) void subscribe(mine, name);
    } catch (error) {
      ended(error);
    }
  }

  async function subscribe(over: Link, name: string): Promise<void> {
    const channel = channels.get(name) as Channel;
    try {
      await within(over.subscriber.subscribe(name));
      if (over !== link) return;
      failures = 0;
      failure = undefined;
      channel.confirmation.settle();
    } catch (error) {
      if (over !== link) return;
      // An error of Redis' begins with its code. Another says that the connection is not what it should be.
      if (/^[A-Z]+ /.test(messageOf(error) ?? "")) channel.confirmation.settle(error);
      else over.ended(error);
    }
  }

  function deliver(name: string, message: string): void {
    const { listeners } = channels.get(name) ?? {};
    for (const listener of [...(listeners ?? [])]) if (listeners?.has(listener)) listener(message);
  }

  function drop(): void {
    clearTimeout(lingering as number);
    clearTimeout(reconnecting as number);
    reconnecting = undefined;
    const { subscriber } = link ?? {};
    link = undefined;
    subscriber?.close();
  }

  function leave(name: string, channel: Channel): void {
    if (channels.get(name) !== channel) return;
    channels.delete(name);
    if (link?.open) link.subscriber.unsubscribe(name).catch(() => {});
    if (channels.size) return;
    if (link?.open) {
      link.subscriber.keepsAlive(false);
      lingering = unreferenced(setTimeout(drop, LINGER));
    } else drop();
  }

  function join(name: string): Channel {
    clearTimeout(lingering as number);
    const channel: Channel = { listeners: new Set(), confirmation: confirmation() };
    channels.set(name, channel);
    if (link?.open) {
      link.subscriber.keepsAlive(true);
      void subscribe(link, name);
    } else if (!link && !reconnecting) {
      failures = 0;
      failure = undefined;
      void start();
    }
    return channel;
  }

  return {
    async listen(name, onMessage) {
      const channel = channels.get(name) ?? join(name);
      const listener = (message: string) => onMessage(message);
      channel.listeners.add(listener);
      const stop = () => {
        if (channel.listeners.delete(listener) && !channel.listeners.size) leave(name, channel);
      };
      try {
        await within(channel.confirmation.promise);
      } catch (error) {
        stop();
        throw new Error(`no subscription: ${[error, failure].map(messageOf).filter(Boolean).join(", ")}`, {
          cause: failure ?? error,
        });
      }
      return stop;
    },
  };
}

const messageOf = (error: unknown) => (error as Error | undefined)?.message;

function confirmation(): Confirmation {
  let act: (error?: unknown) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    act = (error) => (error === undefined ? resolve() : reject(error));
  });
  promise.catch(() => {});
  const made: Confirmation = {
    settled: false,
    promise,
    settle(error) {
      made.settled = true;
      act(error);
    },
  };
  return made;
}

/** Whoever waits for it has a connection or a timer that keeps the process alive. */
function within<T>(promise: Promise<T>): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = unreferenced(setTimeout(() => reject(new Error(`no answer within ${LIMIT} ms`)), LIMIT));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer as number));
}

function unreferenced(timer: unknown): unknown {
  (timer as { unref?(): void }).unref?.();
  return timer;
}
