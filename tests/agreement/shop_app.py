"""A small shop that is counted twice: by the middleware, and by Plausible's script in its pages.

Every page is at `/<kind>/<name>`. The kind says what the page is built with, the name is one of
`NAMES`; so one template with the same links and forms serves every scenario. The host, after any
first word, says how the middleware is configured:

    *.shop.example     the defaults, in a secure context
    *.plain.example    the defaults, over plain http: browsers send no fetch metadata
    *.count.example    prefetch="count"
    *.refuse.example   prefetch="refuse"
    *.whole.example    complement="/_stats"
    *.ahead.example    the same, with prefetch="count"
    *.strict.example   the same, with prefetch="refuse"
    *.bare.example     complement="/_stats", over plain http
    news.example       another site, which is not counted; its links lead to the shop

`GET /requests?host=` at the server's own address returns the requests for a host, with the headers
that a decision may read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

import footfall
from footfall.complement import visitor_limit
from footfall.rules import pageview
from footfall.starlette import FootfallMiddleware
from tests.agreement.comparison import SCRIPT_DOMAIN, SERVER_DOMAIN
from tests.agreement.user_actions import COUNTED

# The scenarios are faster than a person.
visitor_limit.MAX_PER_MINUTE = 100_000  # type: ignore[misc]  # read with each report

_COLLECTOR: Final = os.environ["COLLECTOR"]
_VENDORED: Final = Path(__file__).parent / "vendored"

# -- kinds of pages ----------------------------------------------------------------------------


def _speculation(kind: str) -> str:
    """Speculation rules of page one, which fetch page two at once."""
    rule = f'{{"{kind}": [{{"urls": ["two"], "eagerness": "immediate"}}]}}'
    return f'<script type="speculationrules">{rule}</script>'


_TURBO: Final = '<script type="module" src="/vendored/turbo-8.0.23.js"></script>'

KINDS: Final[Mapping[str, str]] = {
    "walk": "",
    # Fresh for ten minutes, unlike the pages of most web frameworks.
    "cached": "",
    # A held lock keeps a page out of the back-forward cache, as other open resources do.
    "locked": "<script>navigator.locks.request('a', () => new Promise(() => {}))</script>",
    "prefetch": _speculation("prefetch"),
    "prerender": _speculation("prerender"),
    "hinted": '<link rel="prefetch" href="two" as="document">',
    "turbo": _TURBO,
    "calm-turbo": f'<meta name="turbo-prefetch" content="false">{_TURBO}',
    "htmx2": '<script src="/vendored/htmx-2.0.11.js"></script>',
    "htmx4": '<script src="/vendored/htmx-4.0.1.js"></script>',
    "passing-worker": "<script>navigator.serviceWorker.register('worker.js')</script>",
    "preloading-worker": "<script>navigator.serviceWorker.register('worker.js')</script>",
    "caching-worker": "<script>navigator.serviceWorker.register('worker.js')</script>",
    "routed": """<script>
        function show(name) { history.pushState({}, "", name); heading.textContent = name }
        onpopstate = () => { heading.textContent = location.pathname.split("/")[2] };
    </script>""",
}
"""What the head of each kind's pages contains."""

NAMES: Final = ("one", "two", "three")

_WORKERS: Final = {
    "passing-worker": "event.respondWith(fetch(event.request))",
    "preloading-worker": "event.respondWith(event.preloadResponse)",
    "caching-worker": """event.respondWith(caches.open("pages").then(async (cache) => {
        const kept = await cache.match(event.request);
        if (kept) return kept;
        const answer = await fetch(event.request);
        await cache.put(event.request, answer.clone());
        return answer;
    }))""",
}

# hx-boost is inherited in htmx 2; in htmx 4 the attribute must say so.
_BOOST: Final = {"htmx2": 'hx-boost="true"', "htmx4": 'hx-boost:inherited="true"'}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
  <title>{name}</title>
  <link rel="icon" href="data:,">
  {complement}
  <script type="module" src="/analytics.js"></script>
  {head}
</head>
<body {boost}>
  <h1 id="heading">{name}</h1>
  <a href="one">one</a> <a href="two">two</a> <a href="three">three</a>
  <a href="?page=2">more</a> <a href="#part">part</a>
  <a href="moved">moved</a> <a href="hop">hop</a> <a href="missing">missing</a>
  <a href="guide.pdf">guide</a> <a href="leaflet.pdf">leaflet</a> <a href="report">report</a>
  <a href="two" target="_blank">tab</a>
  <a href="framing">framing</a>
  <form action="order" method="post"><button>order</button></form>
  <form action="search" method="post"><button>search</button></form>
  <button hx-get="fragment" hx-target="#part">fill</button>
  <button hx-get="two" hx-target="body" hx-push-url="true">push by attribute</button>
  <button hx-get="pushing" hx-target="body">push by header</button>
  <button onclick="fetch('two')">fetch</button>
  <button onclick="show('two')">route</button>
  <p id="part"></p>
  {more}
</body>
"""

# What Plausible's manual recommends for missing pages.
_REPORTS_MISSING: Final = """<script type="module">
    import { track } from "/vendored/plausible-tracker-0.4.6.js";
    import "/analytics.js";
    track("404", { props: { path: location.pathname } });
</script>"""

_ANALYTICS: Final = f"""
import {{ init }} from "/vendored/plausible-tracker-0.4.6.js";
init({{ domain: "{SCRIPT_DOMAIN}", endpoint: "{_COLLECTOR}/api/event", fileDownloads: true }});
document.title += "{COUNTED}";
"""


# -- the pages of the shop ----------------------------------------------------------------------


def _html(kind: str, name: str, more: str = "") -> str:
    is_prefetching = kind in ("prefetch", "prerender", "hinted")
    head = "" if is_prefetching and name != "one" else KINDS[kind]
    boost = _BOOST.get(kind, "")
    return _PAGE.format(
        name=name, head=head, boost=boost, more=more, complement=footfall.script_tag()
    )


async def page(request: Request) -> Response:
    """A page with an ETag, as frameworks make it: the browser caches and revalidates it."""
    kind, name = request.path_params["kind"], request.path_params["name"]
    if kind not in KINDS or name not in NAMES:
        return await missing(request)
    tag = f'"{kind}-{name}"'
    cache = "max-age=600" if kind == "cached" else "no-cache"
    headers = {"cache-control": cache, "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(_html(kind, name), headers=headers)


async def missing(_request: Request) -> Response:
    return HTMLResponse(
        _html("walk", "missing", _REPORTS_MISSING), 404, {"cache-control": "no-cache"}
    )


async def moved(_request: Request) -> Response:
    return RedirectResponse("two", 302)


async def hop(_request: Request) -> Response:
    """A page that redirects the browser before any other script runs."""
    return HTMLResponse('<script>location.replace("two")</script>')


async def order(_request: Request) -> Response:
    return RedirectResponse("three", 303)


async def search(request: Request) -> Response:
    """A page in response to a POST."""
    return HTMLResponse(_html(request.path_params["kind"], "results"))


async def framing(request: Request) -> Response:
    return HTMLResponse(
        _html(request.path_params["kind"], "framing", '<iframe src="one"></iframe>')
    )


async def fragment(_request: Request) -> Response:
    return HTMLResponse("<b>filled</b>")


async def pushing(request: Request) -> Response:
    kind = request.path_params["kind"]
    return HTMLResponse(_html(kind, "three"), headers={"hx-push-url": f"/{kind}/three"})


async def guide(_request: Request) -> Response:
    headers = {"content-disposition": "attachment"}
    return Response(b"%PDF-1.4\n", media_type="application/pdf", headers=headers)


async def leaflet(_request: Request) -> Response:
    """A file that browsers show."""
    return Response(b"%PDF-1.4\n", media_type="application/pdf")


async def report(_request: Request) -> Response:
    """A file that only its headers distinguish from a page."""
    headers = {"content-disposition": 'attachment; filename="report.bin"'}
    return Response(b"numbers", media_type="application/octet-stream", headers=headers)


async def worker(request: Request) -> Response:
    kind = request.path_params["kind"]
    preload = "enable" if kind == "preloading-worker" else "disable"
    code = f"""
    addEventListener("install", () => skipWaiting());
    addEventListener("activate", (event) => event.waitUntil((async () => {{
        await registration.navigationPreload.{preload}();
        await clients.claim();
    }})()));
    addEventListener("fetch", (event) => {{
        if (event.request.mode === "navigate") {_WORKERS[kind]};
    }});
    """
    return Response(code, media_type="text/javascript")


async def strict(_request: Request) -> Response:
    """A page that may do nothing but load scripts of its own site and talk to that."""
    policy = "default-src 'none'; script-src 'self'; connect-src 'self'"
    tag = footfall.script_tag()
    page = f'<title>strict</title>{tag}<h1 id="heading">strict</h1>'
    return HTMLResponse(page, headers={"content-security-policy": policy})


async def analytics(_request: Request) -> Response:
    return Response(_ANALYTICS, media_type="text/javascript")


async def end(_request: Request) -> Response:
    """The last page of a scenario: once both have counted it, they have counted all before it."""
    return HTMLResponse('<h1>end</h1><script type="module" src="/analytics.js"></script>')


_SHOP: Final[list[BaseRoute]] = [
    Mount("/vendored", StaticFiles(directory=_VENDORED)),
    Route("/analytics.js", analytics),
    Route("/end/{host}", end),
    Route("/strict/{name}", strict),
    Route("/{kind}/moved", moved),
    Route("/{kind}/hop", hop),
    Route("/{kind}/order", order, methods=["POST"]),
    Route("/{kind}/search", search, methods=["POST"]),
    Route("/{kind}/framing", framing),
    Route("/{kind}/fragment", fragment),
    Route("/{kind}/pushing", pushing),
    Route("/{kind}/guide.pdf", guide),
    Route("/{kind}/leaflet.pdf", leaflet),
    Route("/{kind}/report", report),
    Route("/{kind}/worker.js", worker),
    Route("/{kind}/{name}", page),
]


def shop(**options: Any) -> Starlette:
    counting = Middleware(
        FootfallMiddleware,
        destinations=[f"collector://{_COLLECTOR.removeprefix('http://')}/{SERVER_DOMAIN}"],
        track_404=True,
        **options,
    )
    return Starlette(routes=_SHOP, middleware=[counting])


# -- another site ------------------------------------------------------------------------------


async def news(request: Request) -> Response:
    """An article with a link to the shop, as newsletters write it."""
    target = request.query_params["to"]
    campaign = "utm_source=news&utm_medium=email&utm_campaign=spring"
    link = f"{target}?{campaign}&email=eve%40example.com#part"
    # Some sites still send their whole URL as the referrer, with its query.
    headers = {"referrer-policy": "unsafe-url"}
    return HTMLResponse(f'<h1>news</h1><a href="{link}">the shop</a>', headers=headers)


# -- the log of requests ------------------------------------------------------------------------

_requests: Final[list[dict[str, Any]]] = []
_LOGGED_HEADERS: Final = pageview.REQUEST_HEADERS - {"user-agent"} | {"referer", "if-none-match"}


class RequestLog:
    """Logs every request before any other code handles it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _requests.append(_entry_of(Request(scope)))
        await self.app(scope, receive, send)


def _entry_of(request: Request) -> dict[str, Any]:
    headers = {name: text for name, text in request.headers.items() if name in _LOGGED_HEADERS}
    return {
        "method": request.method,
        "host": request.url.hostname,
        "path": request.url.path,
        "headers": headers,
    }


async def requests(request: Request) -> Response:
    host = request.query_params["host"]
    return JSONResponse([each for each in _requests if each["host"] == host])


app = RequestLog(
    Starlette(
        routes=[
            Host("{word}.shop.example", shop()),
            Host("{word}.plain.example", shop()),
            Host("{word}.count.example", shop(prefetch="count")),
            Host("{word}.refuse.example", shop(prefetch="refuse")),
            Host("{word}.whole.example", shop(complement="/_stats")),
            Host("{word}.ahead.example", shop(complement="/_stats", prefetch="count")),
            Host("{word}.strict.example", shop(complement="/_stats", prefetch="refuse")),
            Host("{word}.bare.example", shop(complement="/_stats")),
            Host("news.example", Starlette(routes=[Route("/", news)])),
            Route("/requests", requests),
        ]
    )
)
