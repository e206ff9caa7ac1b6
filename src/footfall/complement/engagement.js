// Reports how long a page was visible and how much of it was seen, whenever it is hidden or left.
//
// It follows `script.js`, and is silent where that is. A page is visible while its tab is shown and
// its window has the focus. A report is sent after three seconds of that, or where the visitor has
// scrolled further than the report before it says, so there is at least one of each page.
(() => {
  const key = Symbol.for("footfall engagement");
  if (!window[Symbol.for("footfall")] || window[key]) return;
  window[key] = 1;

  const endpoint = new URL(".", document.currentScript.src);
  // A route in the fragment is a page, if the server takes it for one.
  const pathOf = () => location.pathname + (/^#!?\/[^?]*/.exec(location.hash) || "");
  let url, path, elapsed, since, height, deepest, reported;

  const look = () => {
    height = document.scrollingElement.scrollHeight;
    deepest = Math.max(deepest, Math.min(scrollY + innerHeight, height));
  };

  // Starts the clock while the page is visible. How far the new page of a script is scrolled shows
  // later: at first the old one may still be there.
  const resume = () => {
    if (document.visibilityState === "visible" && document.hasFocus()) since ??= performance.now();
    else pause();
  };

  const pause = () => {
    if (since === undefined) return;
    elapsed += performance.now() - since;
    since = undefined;
    look();
    if (elapsed < 3e3 && deepest <= reported) return;
    const depth = Math.round((100 * deepest) / height);
    const body = { w: "engagement", u: url, e: Math.round(elapsed), sd: depth };
    fetch(endpoint, { method: "POST", keepalive: true, body: JSON.stringify(body) }).catch(() => {});
    elapsed = 0;
    reported = deepest;
  };

  const begin = (address) => {
    url = address;
    path = pathOf();
    elapsed = deepest = reported = 0;
    resume();
  };

  // A page under another address is the same page.
  const moved = (isReplaced) => {
    if (path === pathOf()) return;
    path = pathOf();
    if (isReplaced) return;
    pause();
    begin(location.href);
  };

  // The request for a page has no fragment.
  begin(location.href.split("#")[0]);
  document.addEventListener("visibilitychange", resume);
  for (const name of ["focus", "blur"]) addEventListener(name, resume);
  addEventListener("scroll", look, { passive: true });
  addEventListener("pagehide", pause);
  addEventListener("pageshow", (event) => event.persisted && begin(location.href));
  // Where Turbo was sent on, the address has changed once more.
  addEventListener("turbo:load", () => (url = location.href));
  if (window.navigation) {
    navigation.addEventListener("currententrychange", (event) =>
      moved(event.navigationType === "replace"),
    );
  } else {
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...values) {
        original.apply(this, values);
        moved(name === "replaceState");
      };
    }
    addEventListener("popstate", () => moved());
  }
})();
