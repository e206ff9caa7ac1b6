// Shows new rows as they arrive. The server has rendered and escaped their HTML.
"use strict";

const MAX_ROWS = 200; // The page keeps this many; the API has the rest.
const AWAY_MS = 5000; // Without a stream for so long, the page says so.
const NOTICES_INTERVAL_MS = 2000; // Notices are fetched at most this often.

const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const notices = byId("notices");
const state = byId("state");
const filter = byId("filter");
const pause = byId("pause");
const clear = byId("clear");
const group = byId("group");
const heldRows = []; // Rows that arrived while paused, oldest first.
let isRefreshScheduled = false;
let lastNotices = ""; // The HTML of the notices as they were last fetched.

function showState(text, name) {
  state.hidden = false;
  state.textContent = text;
  state.className = `state ${name}`;
}

function toRow(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return localize(template.content.querySelector("li"));
}

// With the day where that is another, as the server writes it.
function timeText(date) {
  const now = new Date();
  const clock = date.toLocaleTimeString([], { hourCycle: "h23" });
  if (date.toDateString() === now.toDateString()) return clock;
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return `${day} ${date.getFullYear() === now.getFullYear() ? clock.slice(0, 5) : date.getFullYear()}`;
}

function localize(element) {
  for (const time of element.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = timeText(date);
    time.title = date.toLocaleString([], { hourCycle: "h23" });
  }
  return element;
}

// -- the parts of a page, which fold under it ------------------------------------------------------

// The row of the page that a part belongs to: the last one before it.
function pageOf(part) {
  const { visitor, part: path, at } = part.dataset;
  if (!visitor) return null;
  const all = [...rows.querySelectorAll(`.row[data-visitor="${visitor}"]:not([data-part])`)];
  const pages = path ? all.filter((row) => row.querySelector(".path").textContent === path) : all;
  return pages.find((row) => row.dataset.at <= at) ?? pages[0] ?? null;
}

function fold(part) {
  const page = pageOf(part);
  if (!page) return false;
  let parts = page.querySelector(".parts");
  if (!parts) {
    parts = document.createElement("details");
    parts.className = "parts";
    parts.append(document.createElement("summary"), document.createElement("ol"));
    page.append(parts);
  }
  const list = parts.lastElementChild;
  list.append(part);
  const number = list.children.length;
  parts.firstElementChild.textContent = `+${number} part${number === 1 ? "" : "s"}`;
  return true;
}

// -- rows, one below the other or by visitor ------------------------------------------------------

const isGrouped = () => group.getAttribute("aria-pressed") === "true";
const topRows = () => [...rows.querySelectorAll(".row")].filter((row) => !row.closest(".parts"));

// Newest first. What is imported comes later than what it stands below.
function insert(list, row) {
  const older = [...list.children].find((each) => each.dataset.at <= row.dataset.at);
  list.insertBefore(row, older ?? null);
}

function groupOf(row) {
  const name = row.dataset.visitor;
  const found = [...rows.children].find((each) => each.dataset.group === name);
  if (found) return found;
  const made = document.createElement("li");
  made.className = "visitor-group";
  made.dataset.group = name;
  const title = document.createElement("h2");
  title.textContent = name ? `Visitor ${name}` : "Without a known visitor";
  made.append(title, document.createElement("ol"));
  return made;
}

function place(row) {
  if (row.dataset.part !== undefined && fold(row)) return;
  if (!isGrouped()) {
    insert(rows, row);
    return;
  }
  const visitor = groupOf(row);
  insert(visitor.lastElementChild, row);
  visitor.dataset.at = visitor.lastElementChild.firstElementChild.dataset.at;
  visitor.remove();
  insert(rows, visitor);
}

function setGrouped(grouped) {
  const all = topRows().reverse().sort((a, b) => a.dataset.at.localeCompare(b.dataset.at));
  group.setAttribute("aria-pressed", String(grouped));
  rows.replaceChildren();
  all.forEach(place);
}

function applyFilter(changed) {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of changed) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
  for (const each of rows.querySelectorAll(".visitor-group")) {
    each.hidden = !each.querySelector(".row:not([hidden])");
  }
  const all = topRows();
  byId("none").hidden = !all.length || all.some((row) => !row.hidden);
}

function addRows(newRows) {
  if (!newRows.length) return;
  byId("empty")?.remove();
  newRows.forEach(place);
  const all = topRows().sort((a, b) => b.dataset.at.localeCompare(a.dataset.at));
  for (const row of all.slice(MAX_ROWS)) row.remove();
  for (const each of rows.querySelectorAll(".visitor-group:not(:has(.row))")) each.remove();
  // A page is found by the text of its parts, too.
  applyFilter(topRows());
}

const isPaused = () => pause.getAttribute("aria-pressed") === "true";

function receive(message) {
  const newRows = JSON.parse(message.data).map(toRow);
  if (isPaused()) {
    heldRows.push(...newRows);
    heldRows.splice(0, heldRows.length - MAX_ROWS);
    pause.textContent = `Resume (${heldRows.length})`;
  } else {
    addRows(newRows);
  }
}

function refreshSoon() {
  if (isRefreshScheduled) return;
  isRefreshScheduled = true;
  setTimeout(refreshNotices, NOTICES_INTERVAL_MS);
}

async function refreshNotices() {
  try {
    const response = await fetch(notices.dataset.url);
    const text = response.ok ? await response.text() : lastNotices;
    // Replacing them would interrupt somebody who reads them, and repeat an alert aloud.
    if (text !== lastNotices && !notices.contains(document.activeElement)) {
      const isOpen = notices.querySelector("details")?.open;
      notices.innerHTML = lastNotices = text;
      if (isOpen) notices.querySelector("details")?.setAttribute("open", "");
    }
  } catch {
    // The collector cannot be reached; the stream shows that, and reconnects by itself.
  }
  isRefreshScheduled = false;
}

function setPaused(paused) {
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  if (!paused) addRows(heldRows.splice(0));
}

// Moves the focus down and up among the visible rows.
function move(step) {
  const links = [...rows.querySelectorAll(".row a")].filter((link) => link.checkVisibility());
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

const KEYS = {
  "/": () => (filter.focus(), filter.select()),
  j: () => move(1),
  k: () => move(-1),
  p: () => setPaused(!isPaused()),
  v: () => setGrouped(!isGrouped()),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea");
  const act = KEYS[event.key];
  if (event.key === "Escape" && event.target === filter) {
    event.preventDefault(); // A browser would empty the field without an input event.
    filter.blur();
  }
  if (!act || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

group.addEventListener("click", () => setGrouped(!isGrouped()));
pause.addEventListener("click", () => setPaused(!isPaused()));

clear?.addEventListener("click", async () => {
  const what = "Delete every event of all sites from the file, and the hits that do not count?";
  if (!confirm(`${what} The dashboard is empty then, and nothing brings them back.`)) return;
  const response = await fetch(clear.dataset.url, { method: "DELETE" });
  if (response.ok) location.reload();
});

filter.addEventListener("input", () => applyFilter(topRows()));

const sites = document.querySelector(".sites");
if (sites) {
  sites.querySelector("button").hidden = true;
  sites.addEventListener("change", () => sites.requestSubmit());
}

for (const each of [group, pause, clear, byId("keys")]) if (each) each.hidden = false;
localize(rows);
for (const row of topRows().reverse()) if (row.dataset.part !== undefined) fold(row);
applyFilter(topRows()); // Browsers keep the field's text over a reload.

const stream = new EventSource(rows.dataset.url);
let away = 0; // The timer that shows that the stream was not opened again.
stream.addEventListener("open", () => {
  clearTimeout(away);
  away = 0;
  showState("live", "live");
});
stream.addEventListener("message", receive);
// A stream that ended on purpose is opened again soon.
stream.addEventListener("error", () => { away ||= setTimeout(showState, AWAY_MS, "no connection", "lost"); });
// The stream has no message for a refused request. A hidden page fetches nothing.
setInterval(() => document.hidden || refreshSoon(), NOTICES_INTERVAL_MS);
