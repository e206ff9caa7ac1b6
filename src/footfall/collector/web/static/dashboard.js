// Conveniences of the dashboard, which works without them: links that change the page in place,
// tooltips of the chart, names of countries and languages, buttons that copy.

const main = document.getElementById("main");

// -- links of this page replace its content, so that it keeps its scroll position -----------------

// The fragment moves the focus, and does not change the content.
const address = () => location.href.split("#")[0];
let shown = address();

const isThisPage = (url) => url.origin === location.origin && url.pathname === location.pathname;

async function show(url, focus) {
  let page;
  shown = url;
  try {
    const answer = await fetch(url, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    if (url === shown) location.assign(url);
    return;
  }
  if (url !== shown) return; // Another page was requested in the meantime.
  const top = scrollY;
  main.replaceChildren(...page.getElementById("main").childNodes);
  document.title = page.title;
  scrollTo({ top, behavior: "instant" });
  if (focus) restoreFocus(focus);
  enhance();
}

// Focuses the same link in the new page, by its section and text; else the start of the content.
function restoreFocus({ path, text }) {
  const links = [...main.querySelectorAll(path)];
  const target = links.find((link) => link.textContent === text) ?? links[0] ?? main;
  target.focus({ preventScroll: true });
}

function describeLink(link) {
  const section = link.closest("section[id], nav, ul")?.closest("[id], .periods, .totals");
  const place = section?.id ? `#${section.id}` : `.${section?.classList[0] ?? "lead"}`;
  return { path: `${place} a`, text: link.textContent };
}

main.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || !isThisPage(new URL(link.href))) return;
  event.preventDefault();
  history.pushState(null, "", link.href.split("#")[0]);
  show(address(), describeLink(link));
});

// The search in a long list, which a script that is not there leaves to the browser.
main.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(".find")) return;
  event.preventDefault();
  const url = new URL(form.action);
  url.hash = "";
  url.search = new URLSearchParams(new FormData(form));
  history.pushState(null, "", url);
  show(address(), { path: `#${form.closest("[id]").id} input[type="search"]`, text: "" });
});

addEventListener("popstate", () => { if (address() !== shown) show(address()); });

// -- tooltips of the chart ------------------------------------------------------------------------

function addTooltips() {
  const plot = main.querySelector(".plot");
  if (!plot) return;
  const tooltip = plot.querySelector(".tooltip");
  const rows = main.querySelectorAll("#numbers tbody tr");
  const slots = [...plot.querySelectorAll(".slot")];

  const move = (event) => {
    const place = slots.indexOf(event.target);
    tooltip.hidden = place < 0;
    if (place < 0) return;
    const [time, now, before] = [...rows[place].cells].map((cell) => cell.textContent);
    const strong = document.createElement("b");
    strong.textContent = now;
    tooltip.replaceChildren(`${time}  `, strong);
    if (before) {
      const previous = document.createElement("span");
      previous.className = "muted";
      previous.textContent = `before ${before}`;
      tooltip.append(previous);
    }
    const box = plot.getBoundingClientRect();
    const slot = event.target.getBoundingClientRect();
    const middle = slot.left + slot.width / 2 - box.left - tooltip.offsetWidth / 2;
    tooltip.style.left = `${Math.max(0, Math.min(middle, box.width - tooltip.offsetWidth))}px`;
  };
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerleave", () => { tooltip.hidden = true; });
}

// -- how many visitors are there, while somebody looks -------------------------------------------

const NOW_INTERVAL_MS = 30_000;

async function refreshNow() {
  const now = document.getElementById("now");
  if (document.hidden || !now) return;
  try {
    const answer = await fetch(now.dataset.url);
    if (!answer.ok) return;
    const { visitors } = await answer.json();
    now.querySelector(".number").textContent = `${visitors.toLocaleString("en")} visitor${visitors === 1 ? "" : "s"} now`;
    now.querySelector(".dot").classList.toggle("on", visitors > 0);
  } catch {
    // The next one asks again.
  }
}

setInterval(refreshNow, NOW_INTERVAL_MS);
document.addEventListener("visibilitychange", refreshNow);

// -- names of countries and languages, as the browser knows them ----------------------------------

const CODES = {
  country: { type: "region", pattern: /^[A-Z]{2}$/ },
  language: { type: "language", pattern: /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/ },
};

function nameCodes() {
  for (const [kind, { type, pattern }] of Object.entries(CODES)) {
    const names = new Intl.DisplayNames(["en"], { type });
    for (const cell of main.querySelectorAll(`.${kind}`)) {
      if (pattern.test(cell.textContent)) cell.textContent = names.of(cell.textContent);
    }
  }
}

// -- buttons and menus ----------------------------------------------------------------------------

function addCopyButtons() {
  for (const box of main.querySelectorAll(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(box.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(box.querySelector("pre"));
      }
    });
    box.append(button);
  }
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const sites = document.getElementById("domain");
if (sites) {
  sites.form.querySelector("button").hidden = true;
  sites.addEventListener("change", () => sites.form.submit());
}

function enhance() {
  addTooltips();
  nameCodes();
  addCopyButtons();
}

enhance();
