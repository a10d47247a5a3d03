import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** An error reply. It is a value, not a rejection: a rejection means that there was no reply. */
export class RespError extends Error {}

/** Strings stay bytes, so that whoever answers for Redis can pass them on unchanged. */
export type RespReply = Buffer | number | null | RespError | RespReply[];

export interface RespClient {
  send(...command: string[]): Promise<RespReply>;
  /** Writes the commands back to back: nobody else's command on this client comes between. */
  sendAll(commands: string[][]): Promise<RespReply[]>;
  close(): void;
}

interface Link {
  socket: Socket;
  waiting: { resolve(reply: RespReply): void; reject(error: Error): void }[];
}

const CLOSED = "the connection to Redis was closed";

/**
 * A Redis client that does only what it is told. It never sends a command twice and transforms no
 * argument and no reply; after a lost connection the next command opens a new one.
 */
export function respClient(url: string): RespClient {
  const target = new URL(url);
  let link: Promise<Link> | undefined;
  let closed = false;

  function open(): Promise<Link> {
    return new Promise<Link>((resolve, reject) => {
      const address = {
        host: target.hostname.replace(/^\[|\]$/g, ""),
        port: Number(target.port || 6379),
      };
      const secure = target.protocol === "rediss:";
      const socket = secure ? connectTls(address) : connectTcp(address);
      const waiting: Link["waiting"] = [];
      let unread: Buffer = Buffer.alloc(0);
      let reason = new Error(CLOSED);
      socket.setNoDelay(true);
      socket.once(secure ? "secureConnect" : "connect", () => resolve({ socket, waiting }));
      socket.on("data", (chunk: Buffer) => {
        unread = Buffer.concat([unread, chunk]);
        for (let parsed = parse(unread, 0); parsed; parsed = parse(unread, 0)) {
          unread = unread.subarray(parsed.end);
          waiting.shift()?.resolve(parsed.reply);
        }
      });
      socket.on("error", (error) => {
        reason = error;
      });
      socket.on("close", () => {
        link = undefined;
        reject(reason);
        for (const one of waiting.splice(0)) one.reject(reason);
      });
    }).then(logIn);
  }

  async function logIn(opened: Link): Promise<Link> {
    const { username, password, pathname } = target;
    const commands: string[][] = [];
    if (password) commands.push(["AUTH", ...[username, password].filter(Boolean).map(decodeURIComponent)]);
    if (pathname.length > 1) commands.push(["SELECT", pathname.slice(1)]);
    for (const reply of await write(opened, commands)) {
      if (!(reply instanceof RespError)) continue;
      opened.socket.destroy();
      throw reply;
    }
    return opened;
  }

  async function sendAll(commands: string[][]): Promise<RespReply[]> {
    if (closed) throw new Error("this Redis client was closed");
    link ??= open();
    return write(await link, commands);
  }

  return {
    sendAll,
    send: async (...command) => (await sendAll([command]))[0] as RespReply,
    close() {
      closed = true;
      link?.then(({ socket }) => socket.destroy()).catch(() => {});
    },
  };
}

function write({ socket, waiting }: Link, commands: string[][]): Promise<RespReply[]> {
  if (socket.destroyed) return Promise.reject(new Error(CLOSED));
  const replies = commands.map(() => new Promise<RespReply>((resolve, reject) => waiting.push({ resolve, reject })));
  socket.write(commands.map(encode).join(""));
  return Promise.all(replies);
}

export function encode(command: string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${parts.length}\r\n${parts.join("")}`;
}

export function parse(bytes: Buffer, start: number): { reply: RespReply; end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const type = String.fromCharCode(bytes[start] ?? 0);
  const line = bytes.toString("utf8", start + 1, lineEnd);
  let end = lineEnd + 2;
  if (type === "+") return { reply: Buffer.from(line), end };
  if (type === "-") return { reply: new RespError(line), end };
  if (type === ":") return { reply: Number(line), end };
  const length = Number(line);
  if (length < 0) return { reply: null, end };
  if (type === "$") {
    if (bytes.length < end + length + 2) return undefined;
    return { reply: bytes.subarray(end, end + length), end: end + length + 2 };
  }
  const items: RespReply[] = [];
  while (items.length < length) {
    const item = parse(bytes, end);
    if (!item) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}

/** The reply as text, for replies that are one string; an error reply is thrown. */
export function text(reply: RespReply | undefined): string {
  if (reply instanceof RespError) throw reply;
  return String(reply);
}
