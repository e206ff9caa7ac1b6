// The live part of the page. Everything it shows was rendered, and escaped, by the server.
"use strict";

const MAX_ROWS = 200; // What the page holds; the API has the rest.
const CALM_MS = 2000; // Notices are read at most this often.

const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const notices = byId("notices");
const state = byId("state");
const filter = byId("filter");
const pause = byId("pause");
const clear = byId("clear");
const held = []; // Rows that came while paused, oldest first.
let refreshing = false;
let noticed = ""; // The notices as they were last heard of.

function say(text, name) {
  state.hidden = false;
  state.textContent = text;
  state.className = `state ${name}`;
}

function toRow(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return localize(template.content.querySelector("li"));
}

function localize(element) {
  for (const time of element.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = date.toLocaleTimeString([], { hourCycle: "h23" });
    time.title = date.toLocaleString();
  }
  return element;
}

function applyFilter(changed) {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of changed) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
  byId("none").hidden = !rows.children.length || [...rows.children].some((row) => !row.hidden);
}

function show(arrived) {
  if (!arrived.length) return;
  byId("empty")?.remove();
  for (const row of arrived) rows.prepend(row);
  while (rows.children.length > MAX_ROWS) rows.lastElementChild.remove();
  applyFilter(arrived);
}

const isPaused = () => pause.getAttribute("aria-pressed") === "true";

function receive(message) {
  const arrived = JSON.parse(message.data).map(toRow);
  if (isPaused()) {
    held.push(...arrived);
    held.splice(0, held.length - MAX_ROWS);
    pause.textContent = `Resume (${held.length})`;
  } else {
    show(arrived);
  }
}

function refreshSoon() {
  if (refreshing) return;
  refreshing = true;
  setTimeout(refresh, CALM_MS);
}

async function refresh() {
  try {
    const response = await fetch(notices.dataset.url);
    const text = response.ok ? await response.text() : noticed;
    // Whoever reads there goes on reading, and an alert is read aloud once.
    if (text !== noticed && !notices.contains(document.activeElement)) {
      const isOpen = notices.querySelector("details")?.open;
      notices.innerHTML = noticed = text;
      if (isOpen) notices.querySelector("details")?.setAttribute("open", "");
    }
  } catch {
    // The collector is away; the stream says so, and comes back by itself.
  }
  refreshing = false;
}

function setPaused(paused) {
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  if (!paused) show(held.splice(0));
}

// Down and up among the rows that are to be seen.
function move(step) {
  const links = [...rows.querySelectorAll("li:not([hidden]) a")];
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

const KEYS = {
  "/": () => (filter.focus(), filter.select()),
  j: () => move(1),
  k: () => move(-1),
  p: () => setPaused(!isPaused()),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea");
  const act = KEYS[event.key];
  if (event.key === "Escape" && event.target === filter) {
    event.preventDefault(); // A browser would empty the field, and tell nobody.
    filter.blur();
  }
  if (!act || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

pause.addEventListener("click", () => setPaused(!isPaused()));

clear.addEventListener("click", async () => {
  if (!confirm("Forget every event that was collected?")) return;
  const response = await fetch(clear.dataset.url, { method: "DELETE" });
  if (response.ok) location.reload();
});

filter.addEventListener("input", () => applyFilter(rows.children));

const sites = document.querySelector(".sites");
if (sites) {
  sites.querySelector("button").hidden = true;
  sites.addEventListener("change", () => sites.requestSubmit());
}

for (const each of [pause, clear, byId("keys")]) each.hidden = false;
localize(rows);
applyFilter(rows.children); // Browsers keep what was typed over a reload.

const stream = new EventSource(rows.dataset.url);
stream.addEventListener("open", () => say("live", "live"));
stream.addEventListener("message", receive);
stream.addEventListener("error", () => say("the collector is away", "lost"));
// A refused request moves no stream. Where nobody looks, nobody has to know.
setInterval(() => document.hidden || refreshSoon(), CALM_MS);
