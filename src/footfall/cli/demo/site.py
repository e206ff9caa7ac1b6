"""The demo's site: a small shop, with what no browser does at a click as a button."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

import footfall
from footfall.cli.demo.shop_pages import ASSETS, ATTEMPTS, LAYOUT, MUGS, PAGES
from footfall.cli.explain import BROWSER
from footfall.errors import ConfigError, Fault
from footfall.starlette import FootfallMiddleware

if TYPE_CHECKING:
    from footfall.tracker import Tracker


def _html(request: Request, title: str, body: str, status: int = 200) -> Response:
    dashboard = request.app.state.dashboard
    return HTMLResponse(LAYOUT.format(title=title, body=body, dashboard=dashboard), status)


async def _page(request: Request) -> Response:
    title, body = PAGES[request.url.path]
    tried = ATTEMPTS.get(request.query_params.get("tried", ""))
    result = f'<p role="status">{tried.result}</p>' if tried else ""
    return _html(request, title, body.replace("{tried}", result))


async def _try(request: Request) -> Response:
    """Send the request of an attempt to this site, as its sender would."""
    footfall.ignore()
    name = request.path_params["name"]
    if name not in ATTEMPTS:
        raise HTTPException(404)
    attempt = ATTEMPTS[name]
    url = f"{str(request.base_url).rstrip('/')}{attempt.path}"
    async with httpx2.AsyncClient(trust_env=False) as sender:
        await sender.get(url, headers={**BROWSER, **attempt.headers})
    return RedirectResponse(f"/?tried={name}#try", status_code=303)


async def _order(request: Request) -> Response:
    mug = request.path_params["mug"]
    if mug not in MUGS:
        raise HTTPException(404)
    price = MUGS[mug][1].removeprefix("€")
    footfall.track("Order", props={"mug": mug}, revenue=("EUR", price))
    return RedirectResponse("/thanks", status_code=303)


async def _asset(request: Request) -> Response:
    media_type, text = ASSETS[request.url.path]
    return Response(text, media_type=media_type)


async def _guide(_: Request) -> Response:
    disposition = {"Content-Disposition": 'attachment; filename="guide.pdf"'}
    return Response(b"%PDF-1.4\n%%EOF\n", media_type="application/pdf", headers=disposition)


async def _signup(_: Request) -> Response:
    footfall.track("Signup", props={"plan": "demo"})
    return RedirectResponse("/thanks", status_code=303)


async def _missing(request: Request, _: Exception) -> Response:
    return _html(request, "Not found", "<p>This page was never made.</p>", 404)


def site(tracker: Tracker, dashboard: str) -> Starlette:
    """The demo's site, with the middleware; its pages link to the `dashboard`."""
    app = Starlette(
        routes=[
            *(Route(path, _page) for path in PAGES),
            *(Route(path, _asset) for path in ASSETS),
            Route("/guide.pdf", _guide),
            Route("/signup", _signup, methods=["POST"]),
            Route("/order/{mug}", _order, methods=["POST"]),
            Route("/try/{name}", _try, methods=["POST"]),
        ],
        exception_handlers={404: _missing},
    )
    app.state.dashboard = dashboard
    app.add_middleware(FootfallMiddleware, tracker=tracker)
    return app


@contextmanager
def served(tracker: Tracker, port: int, dashboard: str = "/stats") -> Iterator[str]:
    """Serve the site on a thread of its own.

    Args:
        tracker: The middleware's.
        port: On 127.0.0.1; 0 takes a free one.
        dashboard: Where its pages say that the figures are.

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
    config = uvicorn.Config(
        site(tracker, dashboard), log_config=None, access_log=False, proxy_headers=False
    )
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
