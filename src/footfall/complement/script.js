// Reports the pages that the browser shows without a request to the server.
//
// The server stamps each page with its time (`Server-Timing: footfall;desc="<milliseconds>"`), and
// 0 where it has not counted the response: a prefetch, the answer to a POST. A page without a stamp
// is none whose showings count, and nothing is reported there. The table of all ways in which a
// page can appear is in `ways.py`. Nothing is stored in the browser, and no cookie is set.
(() => {
  const key = Symbol.for("footfall");
  const page = performance.getEntriesByType("navigation")[0];
  const stampOf = (entry) =>
    +entry.serverTiming?.find((each) => each.name === "footfall")?.description;
  const stamp = page ? stampOf(page) : -1;
  // Turbo and htmx may run a script again.
  if (!(stamp >= 0) || window[key]) return;
  window[key] = 1;

  const endpoint = new URL(".", document.currentScript.src);
  const now = () => performance.now();

  // Sends a report as soon as the page is visible: a tab in the background is not looked at yet.
  // Without a network it waits for one, in this page.
  const shown = (way, url, referrer) => {
    const again = () => shown(way, url, referrer);
    if (document.visibilityState !== "visible") {
      addEventListener("visibilitychange", again, { once: true });
      return;
    }
    fetch(endpoint, {
      method: "POST",
      keepalive: true,
      body: JSON.stringify({ w: way, u: url, r: referrer, s: stamp, a: Math.round(now()) }),
    }).catch(() => addEventListener("online", again, { once: true }));
  };

  // -- the page itself ----------------------------------------------------------------------

  const appeared = (way) => shown(way, location.href, document.referrer);
  const first = () => {
    // A browser that hides its figures has 0 for both. Not the server: its copy of a page that
    // counted as it was fetched ahead.
    const isCopy = page.transferSize === 0 && page.decodedBodySize > 0 && stamp < 9e15;
    const isOld = performance.timeOrigin - stamp > 6e4;
    if (isCopy || isOld) appeared(isCopy ? "cache" : "old");
  };
  document.prerendering
    ? document.addEventListener("prerenderingchange", first, { once: true })
    : first();

  addEventListener("pageshow", (event) => {
    if (event.persisted) appeared("bfcache");
  });

  // -- pages that scripts show --------------------------------------------------------------

  let path = location.pathname;
  let last = location.href;
  let isTurbo = window.Turbo;
  let held;
  // How the address has changed, in this order, and when; and the requests that the server has
  // counted as a page. A library asks for a page, and then changes the address, or does so first.
  const changes = [];
  let answers = [];

  const note = (entries) => {
    for (const entry of entries)
      // Nothing is transferred of a copy, whose stamp is an old one.
      if (/fetch|xml/.test(entry.initiatorType) && entry.transferSize && stampOf(entry))
        answers.push(entry);
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "resource" });

  // Reports the changes for which no request was counted, once their requests would be known.
  const settle = (isLeaving) => {
    note(observer.takeRecords());
    while (changes[0] && now() - changes[0].at > (isLeaving ? 0 : 450)) {
      const change = changes.shift();
      answers = answers.filter((entry) => {
        const since = change.at - entry.responseEnd;
        if (since < -2 && Math.abs(change.at - entry.startTime) > 3) return true;
        // Of a visit that was given up, an answer is left.
        if (since < 1e4) change.url = 0;
      });
      if (change.url) shown("route", change.url, change.from);
    }
  };
  const release = (change) => {
    change.at = now();
    setTimeout(settle, 500);
  };

  const renamed = () => {
    path = location.pathname;
    last = location.href;
  };
  // Notes a change of the address. It waits for those who load the page of an entry in the history.
  const changed = () => {
    const change = { at: Infinity, url: path !== location.pathname && location.href, from: last };
    renamed();
    changes.push(change);
    const finished = window.navigation?.transition?.finished;
    const ready = () => release(change);
    finished ? finished.then(ready, ready) : ready();
  };

  // A page under another address is the same page.
  const moved = (isReplaced) => {
    if (!isTurbo) isReplaced ? renamed() : changed();
  };
  if (window.navigation) {
    navigation.addEventListener("currententrychange", (event) =>
      event.navigationType && moved(event.navigationType === "replace"),
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
  // Turbo, and Turbolinks before it, change the address before they ask for the page.
  for (const name of ["turbo:load", "turbolinks:load"])
    addEventListener(name, () => {
      isTurbo = 1;
      changed();
    });
  // htmx asks for a page of the history that it has no copy of.
  for (const name of ["htmx:historyCacheMiss", "htmx:before:history:restore"])
    addEventListener(name, () => {
      held = changes[changes.length - 1];
      if (held) held.at = Infinity;
    });
  for (const name of ["htmx:historyRestore", "htmx:historyCacheMissLoadError", "htmx:after:request"])
    addEventListener(name, () => {
      if (held) release(held);
      held = 0;
    });
  addEventListener("pagehide", () => settle(1));
})();
