// The live part of the page. Everything it shows was rendered, and escaped, by the server.
"use strict";

const MAX_ROWS = 200; // What the page holds; the API has the rest.
const CALM_MS = 2000; // Totals are read at most this often, and less often where reading takes long.

const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const summary = byId("summary");
const state = byId("state");
const filter = byId("filter");
const pause = byId("pause");
const held = []; // Rows that came while paused, oldest first.
let refreshing = false;
let calm = CALM_MS;

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
  byId("empty")?.remove();
  for (const row of arrived) rows.prepend(row);
  while (rows.children.length > MAX_ROWS) rows.lastElementChild.remove();
  applyFilter(arrived);
}

function receive(message) {
  const row = toRow(JSON.parse(message.data).html);
  if (pause.getAttribute("aria-pressed") === "true") {
    held.push(row);
    if (held.length > MAX_ROWS) held.shift();
    pause.textContent = `Resume (${held.length})`;
  } else {
    show([row]);
  }
  refreshSoon();
}

function refreshSoon() {
  if (refreshing) return;
  refreshing = true;
  setTimeout(refresh, calm);
}

async function refresh() {
  const start = Date.now();
  try {
    const response = await fetch(summary.dataset.url);
    if (response.ok) summary.innerHTML = await response.text();
  } catch {
    // The collector is away; the stream says so, and comes back by itself.
  }
  calm = Math.max(CALM_MS, 10 * (Date.now() - start));
  refreshing = false;
}

pause.addEventListener("click", () => {
  const isPaused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(isPaused));
  pause.textContent = isPaused ? "Resume" : "Pause";
  if (!isPaused) show(held.splice(0));
});

byId("clear").addEventListener("click", async ({ target }) => {
  if (!confirm("Forget every event that was collected?")) return;
  const response = await fetch(target.dataset.url, { method: "DELETE" });
  if (response.ok) location.reload();
});

filter.addEventListener("input", () => applyFilter(rows.children));

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});

const sites = document.querySelector(".sites");
if (sites) {
  sites.querySelector("button").hidden = true;
  sites.addEventListener("change", () => sites.requestSubmit());
}

byId("tools").hidden = false;
localize(rows);
applyFilter(rows.children); // Browsers keep what was typed over a reload.

const stream = new EventSource(rows.dataset.url);
stream.addEventListener("open", () => say("live", "live"));
stream.addEventListener("message", receive);
stream.addEventListener("error", () => say("the collector is away", "lost"));
