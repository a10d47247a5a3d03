import { now } from "./time.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 44rem)");
const axis = document.querySelector("#axis");
const list = document.querySelector("#requests");
const rows = new Map();
let began;

/** The row of a contender: made once, kept up with its state. */
export function show(contender) {
  const row = rows.get(contender) ?? makeRow(contender);
  row.item.dataset.state = contender.state;
  row.state.textContent = contender.text;
  if (!contender.active && row.kill.isConnected) {
    const focused = document.activeElement === row.kill;
    row.kill.remove();
    if (focused) row.item.focus();
  }
}

export function remove(contender) {
  rows.get(contender)?.item.remove();
  rows.delete(contender);
}

function makeRow(contender) {
  const item = element("li", { className: "request", tabIndex: -1 });
  const state = element("p", { className: "state" });
  const track = element("div", { className: "track" });
  track.setAttribute("aria-hidden", "true");
  const kill = element("button", { type: "button", textContent: "Kill" });
  kill.setAttribute("aria-label", `Kill ${contender.label}`);
  kill.addEventListener("click", () => contender.kill());
  const actions = element("div", { className: "actions" });
  actions.append(kill);
  item.append(element("h3", { textContent: contender.label }), state, track, actions);
  list.append(item);
  began ??= contender.spans[0].from;
  const row = { item, state, track, kill, drawn: new Map() };
  rows.set(contender, row);
  return row;
}

/** Draws every row as of now: the last seconds, as many as fit. */
export function draw() {
  const at = now();
  const length = narrow.matches ? 12_000 : 20_000;
  const from = Math.max(began ?? at, at - length);
  const percent = (ms) => ((ms - from) / length) * 100;
  for (const [{ spans, marks }, { track, drawn }] of rows) {
    for (const span of spans) {
      const bar = drawn.get(span) ?? add(track, drawn, span, "bar");
      const to = Math.min(span.to ?? at, at);
      bar.style.left = `${percent(span.from)}%`;
      bar.style.width = `${percent(Math.max(to, span.from)) - percent(span.from)}%`;
      Object.assign(bar.dataset, { from: span.from, to });
    }
    for (const mark of marks) (drawn.get(mark) ?? add(track, drawn, mark, "mark")).style.left = `${percent(mark.at)}%`;
  }
  drawAxis(from, length, percent);
}

function drawAxis(from, length, percent) {
  const ticks = element("div", { className: "ticks" });
  axis.hidden = began === undefined;
  const step = 5000;
  const zero = began ?? from;
  for (let at = zero + Math.ceil((from - zero) / step) * step; at <= from + length; at += step) {
    const tick = element("span", { textContent: `${(at - zero) / 1000} s` });
    if (at === zero) tick.className = "first";
    if (percent(at) > 97) tick.className = "last";
    tick.style.left = `${percent(at)}%`;
    ticks.append(tick);
  }
  axis.replaceChildren(ticks);
}

function add(track, drawn, what, className) {
  const made = element("div", { className });
  made.dataset.kind = what.kind;
  track.append(made);
  drawn.set(what, made);
  return made;
}

let running = false;

/** Goes on drawing for as long as `wanted` says so: every frame, or every second for who asked for less motion. */
export function animate(wanted) {
  if (running) return;
  running = true;
  let drawnAt = 0;
  const step = () => {
    running = wanted();
    if (!running) return;
    // Bars grow slowly: thirty pictures a second are as smooth as all of them.
    if (performance.now() - drawnAt > 30) {
      draw();
      drawnAt = performance.now();
    }
    if (still.matches) setTimeout(step, 1000);
    else requestAnimationFrame(step);
  };
  step();
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
