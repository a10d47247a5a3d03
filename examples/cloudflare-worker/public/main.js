import { Contender } from "./contender.js";
import { say, summarize, tell } from "./report.js";
import { now } from "./time.js";
import { animate, draw, remove, show } from "./timeline.js";

const find = (id) => document.querySelector(`#${id}`);
const settings = new URLSearchParams(location.search);
// Long enough for the next one to get the name.
const STOP = Number(settings.get("stop")) || (Number(settings.get("ttl")) || 4000) + 2000;
let contenders = [];
let started = 0;
let frozen = false;

function start(count) {
  for (let i = 0; i < count; i++) {
    const number = ++started;
    const delay = document.querySelector("input[name=delay]:checked").value;
    const query = new URLSearchParams([...settings, ["owner", `#${number}`], ["delay", delay]]);
    const contender = new Contender(number, query, changed);
    contenders.push(contender);
    show(contender);
  }
  say(count === 1 ? `Request #${started} sent.` : `Requests #${started - count + 1} to #${started} sent.`);
  summarize(contenders);
  animate(goesOn);
}

function changed(contender, event) {
  if (event.type === "granted") for (const other of contenders) other.yieldTo(event.at);
  show(contender);
  tell(contender, event);
  summarize(contenders);
  if (!frozen) draw();
}

/** Whether there is something to draw: a request that is not over, or a name still locked after its holder. */
function goesOn() {
  return !frozen && contenders.some(({ active, spans }) => active || (spans.at(-1).to ?? 0) > now());
}

function onPress(id, act) {
  const button = find(id);
  button.addEventListener("click", () => {
    // Not `disabled`: the focus would be lost whenever the name is free for a moment.
    if (button.getAttribute("aria-disabled") !== "true") act(button);
  });
}

onPress("start-1", () => start(1));
onPress("start-5", () => start(5));
onPress("kill", () => contenders.find(({ holds }) => holds)?.kill());
onPress("stop", () => {
  const holder = contenders.find(({ state }) => state === "holding");
  holder?.send({ stop: STOP });
  say(`${holder?.label} is stopped for ${STOP / 1000} s: it cannot renew.`);
});
onPress("freeze", (button) => {
  frozen = !frozen;
  button.setAttribute("aria-pressed", String(frozen));
  animate(goesOn);
});
onPress("clear", () => {
  for (const contender of contenders) if (!contender.active) remove(contender);
  contenders = contenders.filter(({ active }) => active);
  summarize(contenders);
});
for (const input of document.querySelectorAll("input[name=delay]")) {
  input.addEventListener("change", () => {
    for (const contender of contenders) if (contender.active) contender.send({ delay: Number(input.value) });
  });
}

find("name").textContent = settings.get("name") || "demo";
draw();

const { kind, error } = await fetch("store").then((response) => response.json());
const note = find("store");
note.hidden = kind === "upstash";
note.textContent =
  kind === "memory"
    ? "No Upstash is configured, so this is a lock in the memory of one isolate: enough to look at, and no lock between machines."
    : error;
