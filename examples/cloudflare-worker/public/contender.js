import { now, seconds, seen } from "./time.js";

/** One request to the Worker, and what it told: spans of waiting, holding and so on, one after another. */
export class Contender {
  state = "asking";
  text = "asking";
  fence = undefined;
  /** When its lease ends unless it is renewed. */
  until = 0;
  spans = [];
  marks = [];
  #socket;
  #changed;

  constructor(number, query, changed) {
    this.number = number;
    this.label = `#${number}`;
    this.#changed = changed;
    const url = new URL("contend", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = query;
    this.#begin("waiting", now());
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener("message", ({ data }) => this.#told(JSON.parse(data)));
    this.#socket.addEventListener("close", () => {
      if (this.active) this.#finish("failed", now(), "the connection closed", { type: "closed" });
    });
  }

  get active() {
    return ["asking", "waiting", "holding", "releasing", "lost"].includes(this.state);
  }

  get holds() {
    return this.state === "holding" || this.state === "releasing";
  }

  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
    else if (this.active) this.#socket.addEventListener("open", () => this.send(message), { once: true });
  }

  /** The client goes away. If it holds the name, nobody releases it. */
  kill() {
    if (!this.active) return;
    const at = now();
    const { holds } = this;
    const length = this.#length("holding", at);
    this.#end(at);
    if (holds) this.spans.push({ kind: "orphaned", from: at, to: Math.max(at, this.until) });
    const text = holds ? `gone after ${seconds(length)}, locked until its ttl` : "gone while it waited";
    this.#finish(holds ? "orphaned" : "gone", at, text, { type: "killed", holds });
    this.#socket.close();
  }

  /** Another was granted the name: whatever this one left behind is over. */
  yieldTo(at) {
    if (this.state !== "orphaned") return;
    for (const span of this.spans) span.to = Math.max(span.from, Math.min(span.to, at));
  }

  #told({ type, at, ...rest }) {
    seen(at);
    if (!this.active) return;
    this.until = rest.until ?? this.until;
    const event = { type, at, ...rest };
    if (type === "waiting") this.#enter("waiting", "waiting");
    if (type === "granted") {
      this.fence = rest.fence;
      this.#begin("holding", at);
      this.#enter("holding", "holding");
    }
    if (type === "renewed") this.marks.push({ kind: "renewed", at });
    if (type === "lost") {
      this.#end(at);
      this.#enter("lost", `lost it after ${seconds(this.#length("holding", at))}`);
    }
    if (type === "refused") {
      this.marks.push({ kind: "refused", at });
      return this.#finish("refused", at, `${this.text}, late write refused`, event);
    }
    if (type === "written" && this.state === "lost") return this.#finish("late", at, `${this.text}, wrote late`, event);
    if (type === "releasing") {
      this.#begin("releasing", at);
      this.#enter("releasing", "releasing");
    }
    if (type === "released") {
      const [waited, held] = [this.#length("waiting", at), this.#length("holding", at)];
      return this.#finish("done", at, `waited ${seconds(waited)}, held ${seconds(held)}`, event);
    }
    if (type === "timeout") return this.#finish("gone", at, "gave up waiting", event);
    if (type === "failed") return this.#finish("failed", at, rest.message, event);
    this.#changed(this, event);
  }

  #enter(state, text) {
    this.state = state;
    this.text = text;
  }

  #finish(state, at, text, event) {
    this.#end(at);
    this.#enter(state, text);
    this.#changed(this, event);
  }

  #begin(kind, at) {
    this.#end(at);
    this.spans.push({ kind, from: at, to: undefined });
  }

  #end(at) {
    const last = this.spans.at(-1);
    if (last && last.to === undefined) last.to = Math.max(last.from, at);
  }

  #length(kind, at) {
    return this.spans.reduce((sum, span) => sum + (span.kind === kind ? (span.to ?? at) - span.from : 0), 0);
  }
}
