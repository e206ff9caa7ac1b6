// Reports the pages that the browser shows without a request to the server.
//
// The server stamps each page with its time (`Server-Timing: footfall;desc="<milliseconds>"`), and
// 0 where it has not counted the response: a prefetch, the answer to a POST. A page without a stamp
// is none whose showings count, and nothing is reported there. The table of all ways in which a
// page can appear is in `ways.py`. Nothing is stored in the browser, and no cookie is set.
(() => {
  const key = Symbol.for("footfall");
  const [page] = performance.getEntriesByType("navigation");
  const stampOf = (entry) =>
    +entry?.serverTiming?.find((each) => each.name === "footfall")?.description;
  const stamp = stampOf(page);
  // Turbo and htmx may run a script again.
  if (!(stamp >= 0) || window[key]) return;
  window[key] = 1;

  const endpoint = new URL(".", document.currentScript.src);

  // Sends a report as soon as the page is visible: a tab in the background is not looked at yet.
  // Without a network it waits for one, in this page. A page that is left is told that a request
  // has failed which is under way, so none is sent again at once, but where the network is back.
  const shown = (way, url, referrer) => {
    const again = () => shown(way, url, referrer);
    const later = (name) => addEventListener(name, again, { once: true });
    if (document.hidden) return later("visibilitychange");
    const isOnline = navigator.onLine;
    fetch(endpoint, {
      method: "POST",
      keepalive: true,
      body: JSON.stringify({
        /* window.js */
        ...{ w: way, u: url, r: referrer, s: stamp, a: performance.now() },
      }),
    }).catch(() => (!isOnline && navigator.onLine ? again() : later("online")));
  };

  // -- the page itself ----------------------------------------------------------------------

  const appeared = (way) => shown(way, location.href, document.referrer);
  const first = () => {
    // A browser that hides its figures has 0 for both. Not the server: its copy of a page that
    // counted as it was fetched ahead.
    if (!page.transferSize && page.decodedBodySize && stamp < 9e15) appeared("cache");
    else if (performance.timeOrigin - stamp > 6e4) appeared("old");
  };
  document.prerendering
    ? document.addEventListener("prerenderingchange", first, { once: true })
    : first();

  addEventListener("pageshow", (event) => {
    if (event.persisted) appeared("bfcache");
  });

  // -- pages that scripts show --------------------------------------------------------------

  let last = new URL(location);
  let isTurbo = window.Turbo;
  // The pages that a library has asked for, by their stamps, which differ: the path under which
  // each is shown; 1 if that is not known, and 0 once it was shown.
  const answers = {};
  // The changes of the address for whose pages no request is known.
  let waiting = [];
  let isAsking;

  const note = (time, path) => {
    // An older one is a copy, which counted when it was made.
    if (time % 1e15 > stamp % 1e15 && answers[time] !== 0)
      answers[time] = path || answers[time] || 1;
  };
  // What the browser tells of the requests of any library; it may do so late.
  const collect = (entries) => {
    for (const entry of entries)
      if (/fetch|xml/.test(entry.initiatorType)) note(stampOf(entry));
  };
  const observer = new PerformanceObserver((list) => collect(list.getEntries()));
  observer.observe({ type: "resource" });

  const settle = (isLeaving) => {
    collect(observer.takeRecords());
    waiting = waiting.filter((isOpen) => isOpen(isLeaving));
  };

  // Turbo and htmx tell of a response before they show it. For a page of the history htmx asks
  // after the address has changed.
  for (const name of [
    "turbo:before-fetch-response",
    "htmx:beforeHistoryUpdate",
    "htmx:before:history:update",
    "htmx:before:history:restore",
    "htmx:historyCacheMiss",
    "htmx:historyCacheMissLoad",
    "htmx:historyCacheMissLoadError",
    "htmx:finally:request",
  ])
    addEventListener(name, ({ detail, defaultPrevented }) => {
      const response =
        detail.xhr || detail.fetchResponse?.response || (detail.ctx || detail).response?.raw || {};
      const timing = response.headers
        ? response.headers.get("Server-Timing")
        : response.getResponseHeader?.("Server-Timing");
      const url = detail.history?.path || response.responseURL || response.url;
      note(+/footfall;desc="(.+?)"/.exec(timing)?.[1], new URL(url, last).pathname);
      isAsking = /Miss$|:restore/.test(name) && !defaultPrevented;
      settle();
    });

  const renamed = () => (last = new URL(location));
  const changed = (isDue) => {
    const from = last;
    const to = renamed();
    waiting.push((isLeaving) => {
      let isAsked;
      for (const time in answers)
        if (answers[time] === 1 || answers[time] === to.pathname) {
          answers[time] = 0;
          isAsked = 1;
        }
      if (isAsked) return;
      if (isAsking || !(isLeaving || isDue)) return 1;
      if (
        to.pathname !== from.pathname
        /* hash_routes.js */
      )
        shown("route", to, from);
    });
    settle();
    setTimeout(() => {
      isDue = 1;
      settle();
    }, 5e3);
  };

  // A page under another address is the same page.
  const moved = (how) => isTurbo || (/^rep/.test(how) ? renamed() : changed());
  if (window.navigation) {
    navigation.addEventListener("currententrychange", (event) =>
      event.navigationType && moved(event.navigationType),
    );
  } else {
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...values) {
        original.apply(this, values);
        moved(name);
      };
    }
    addEventListener("popstate", moved);
  }
  // Turbo may change the address before it asks for the page.
  addEventListener("turbo:load", () => {
    isTurbo = 1;
    changed(1);
  });
  addEventListener("pagehide", () => settle(1));
})();
