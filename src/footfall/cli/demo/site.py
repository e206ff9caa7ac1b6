"""The demo's site: a few HTML pages, their assets, a download, a missing page and a form."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

import footfall
from footfall.errors import ConfigError, Fault
from footfall.starlette import FootfallMiddleware

if TYPE_CHECKING:
    from footfall.tracker import Tracker

_LAYOUT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · footfall demo</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/style.css"><link rel="icon" href="/favicon.ico">
<script src="/static/app.js" defer></script></head>
<body><header><img src="/static/logo.svg" alt="" width="32" height="32"> <b>Demo shop</b>
<nav><a href="/">Home</a> <a href="/pricing">Pricing</a> <a href="/guide.pdf">Guide (PDF)</a>
<a href="/missing">A missing page</a></nav></header>
<main><h1>{title}</h1>{body}</main></body></html>"""

_FORM: Final = (
    '<form method="post" action="/signup"><label>E-mail <input type="email" name="email"></label> '
    "<button>Sign up</button></form>"
)
_PAGES: Final = {
    "/": ("Home", "<p>Every click here is an event in the collector.</p>" + _FORM),
    "/pricing": ("Pricing", "<p>Free, as demos are.</p>" + _FORM),
    "/thanks": ("Thank you", "<p>The form fired a custom event.</p>"),
}
_ASSETS: Final = {
    "/static/style.css": (
        "text/css",
        "body{font:16px/1.5 system-ui;max-width:42rem;margin:2rem auto;padding:0 1rem}"
        "nav a{margin-right:1rem}",
    ),
    "/static/app.js": ("text/javascript", "document.documentElement.dataset.ready = 'yes';"),
    "/static/logo.svg": (
        "image/svg+xml",
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        '<circle cx="4" cy="4" r="4"/></svg>',
    ),
    "/favicon.ico": ("image/x-icon", ""),
}


async def _page(request: Request) -> Response:
    title, body = _PAGES[request.url.path]
    return HTMLResponse(_LAYOUT.format(title=title, body=body))


async def _asset(request: Request) -> Response:
    media_type, text = _ASSETS[request.url.path]
    return Response(text, media_type=media_type)


async def _guide(_: Request) -> Response:
    disposition = {"Content-Disposition": 'attachment; filename="guide.pdf"'}
    return Response(b"%PDF-1.4\n%%EOF\n", media_type="application/pdf", headers=disposition)


async def _signup(_: Request) -> Response:
    footfall.track("Signup", props={"plan": "demo"})
    return RedirectResponse("/thanks", status_code=303)


async def _missing(_: Request, __: Exception) -> Response:
    return HTMLResponse(_LAYOUT.format(title="Not found", body=""), status_code=404)


def site(tracker: Tracker) -> Starlette:
    """The demo's site, with the middleware."""
    app = Starlette(
        routes=[
            *(Route(path, _page) for path in _PAGES),
            *(Route(path, _asset) for path in _ASSETS),
            Route("/guide.pdf", _guide),
            Route("/signup", _signup, methods=["POST"]),
        ],
        exception_handlers={404: _missing},
    )
    app.add_middleware(FootfallMiddleware, tracker=tracker)
    return app


@contextmanager
def served(tracker: Tracker, port: int) -> Iterator[str]:
    """Serve the site on a thread of its own.

    Args:
        tracker: The middleware's.
        port: On 127.0.0.1; 0 takes a free one.

    Yields:
        The site's URL.

    Raises:
        ConfigError: The port is taken.
    """
    try:
        listener = socket.create_server(("127.0.0.1", port))
        # As in `footfall.collector.server`.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, OverflowError) as error:
        remedy = f"cannot be listened on ({error}); choose another --port, or 0 for any free one"
        raise ConfigError(Fault("port", port, remedy)) from error
    # uvicorn must not rewrite the peer: the scripted visits send X-Forwarded-For themselves.
    config = uvicorn.Config(site(tracker), log_config=None, access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)
