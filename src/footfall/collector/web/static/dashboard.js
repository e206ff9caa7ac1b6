// What makes the dashboard nicer, and is not needed: links that change the page in place, the
// figures under the pointer, buttons that copy.

const main = document.getElementById("main");

// -- links of this page replace its content, so that nothing jumps --------------------------------

// The part behind a # moves the focus, and changes nothing that is shown.
const address = () => location.href.split("#")[0];
let shown = address();

const isOurs = (url) => url.origin === location.origin && url.pathname === location.pathname;

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
  if (url !== shown) return; // Another page was asked for meanwhile.
  const top = scrollY;
  main.replaceChildren(...page.getElementById("main").childNodes);
  document.title = page.title;
  scrollTo({ top, behavior: "instant" });
  if (focus) restore(focus);
  begin();
}

// The same link in the new page, by its place or its text; else the start of the content.
function restore({ path, text }) {
  const links = [...main.querySelectorAll(path)];
  const target = links.find((link) => link.textContent === text) ?? links[0] ?? main;
  target.focus({ preventScroll: true });
}

function remember(link) {
  const section = link.closest("section[id], nav, ul")?.closest("[id], .periods, .totals");
  const place = section?.id ? `#${section.id}` : `.${section?.classList[0] ?? "lead"}`;
  return { path: `${place} a`, text: link.textContent };
}

main.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || !isOurs(new URL(link.href))) return;
  event.preventDefault();
  history.pushState(null, "", link.href.split("#")[0]);
  show(address(), remember(link));
});

addEventListener("popstate", () => { if (address() !== shown) show(address()); });

// -- the figures under the pointer ----------------------------------------------------------------

function tips() {
  const plot = main.querySelector(".plot");
  if (!plot) return;
  const tip = plot.querySelector(".tip");
  const rows = main.querySelectorAll("#numbers tbody tr");
  const slots = [...plot.querySelectorAll(".slot")];

  const move = (event) => {
    const place = slots.indexOf(event.target);
    tip.hidden = place < 0;
    if (place < 0) return;
    const [moment, now, before] = [...rows[place].cells].map((cell) => cell.textContent);
    const strong = document.createElement("b");
    strong.textContent = now;
    tip.replaceChildren(`${moment}  `, strong);
    if (before) {
      const quiet = document.createElement("span");
      quiet.className = "quiet";
      quiet.textContent = `before ${before}`;
      tip.append(quiet);
    }
    const box = plot.getBoundingClientRect();
    const slot = event.target.getBoundingClientRect();
    const middle = slot.left + slot.width / 2 - box.left - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(middle, box.width - tip.offsetWidth))}px`;
  };
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerleave", () => { tip.hidden = true; });
}

// -- names of countries, as the browser knows them ------------------------------------------------

function places() {
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  for (const place of main.querySelectorAll(".place")) {
    if (/^[A-Z]{2}$/.test(place.textContent)) place.textContent = names.of(place.textContent);
  }
}

// -- small comforts -------------------------------------------------------------------------------

function copies() {
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

function begin() {
  tips();
  places();
  copies();
}

begin();
