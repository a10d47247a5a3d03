import { seconds } from "./time.js";

const find = (id) => document.querySelector(`#${id}`);
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const digits = new Intl.NumberFormat("en", { useGrouping: true });
let grants = 0;
let refused = 0;
let last;
let inOrder = true;

/** One more line of what happened, which screen readers say. */
export function say(text) {
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = clock.format(new Date());
  line.append(time, document.createTextNode(text));
  append(find("log"), line);
}

export function tell({ label, text }, { type, reason, holds, fence, message }) {
  if (type === "granted") granted(label, fence);
  const said = {
    granted: `${label} got the name.`,
    released: `${label} released it: ${text}.`,
    killed: holds ? `${label} vanished while holding. Nobody releases: wait for the ttl.` : `${label} went away.`,
    lost: `${label} lost the lock: ${reason}.`,
    refused: `${label} wrote too late: the database refused its fence.`,
    timeout: `${label} gave up waiting.`,
    failed: `${label} failed: ${message}`,
    closed: `${label}: the connection closed.`,
  }[type];
  if (said) say(said);
  if (type === "refused") find("refused").textContent = String(++refused);
}

function granted(label, fence) {
  const line = document.createElement("li");
  const who = document.createElement("b");
  who.textContent = label;
  const number = document.createElement("span");
  number.textContent = digits.format(fence).replaceAll(",", "\u202f");
  number.dataset.fence = String(fence);
  line.append(who, number);
  if (last !== undefined) {
    const gap = document.createElement("span");
    gap.className = "gap";
    // A fence is the server's time in microseconds, or the last one plus 1.
    gap.textContent = `+ ${seconds((fence - last) / 1000)}`;
    line.append(gap);
    inOrder &&= fence > last;
  }
  last = fence;
  append(find("fences"), line);
  find("grants").textContent = String(++grants);
  find("verdict").textContent = inOrder
    ? "Each larger than the one before, so a late write can be told from a new one."
    : "Out of order. That must not be.";
}

function append(list, line) {
  list.append(line);
  while (list.children.length > 100) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

export function summarize(contenders) {
  const holder = contenders.find(({ holds }) => holds);
  find("holder").textContent = holder?.label ?? "nobody";
  find("waiting").textContent = String(
    contenders.filter(({ state }) => state === "waiting" || state === "asking").length,
  );
  find("kill").setAttribute("aria-disabled", String(!holder));
  find("stop").setAttribute("aria-disabled", String(holder?.state !== "holding"));
  find("clear").setAttribute("aria-disabled", String(contenders.every(({ active }) => active)));
  find("empty").hidden = contenders.length > 0;
}
