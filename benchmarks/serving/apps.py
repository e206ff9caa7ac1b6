"""The apps of `server.py`: the same page bare, behind a no-op, behind footfall or behind a peer.

Environment variables choose the row (`BENCH_ROW`) and the endpoint of its events
(`BENCH_ENDPOINT`). `/stats` is not tracked; it returns the number of requests of pages, and
`footfall.stats()`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from request_path import asgi_noop, wsgi_noop

import footfall
from footfall.common.atomic import AtomicCounter

STATS: Final = "/stats"
BODY: Final = b"<!doctype html><title>A page</title><p>" + b"Words. " * 100
HTML: Final = "text/html; charset=utf-8"
REQUESTS: Final = AtomicCounter()


def stats() -> bytes:
    return json.dumps({"requests": REQUESTS.value, "footfall": footfall.stats()}).encode()


def options(transport: str) -> dict[str, Any]:
    address = os.environ["BENCH_ENDPOINT"]
    return {
        "destinations": [f"plausible+{address}/example.com"],
        "exclude": [STATS],
        "transport": transport,
    }


# -- ASGI --------------------------------------------------------------------------------------


async def asgi_page(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        # Like most raw apps it does not support lifespan.
        raise NotImplementedError(scope["type"])
    kind, body = (HTML, BODY)
    if scope["path"] == STATS:
        kind, body = "application/json", stats()
    else:
        REQUESTS.bump()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def asgi_footfall(transport: str) -> Any:
    from footfall.asgi import FootfallMiddleware

    return FootfallMiddleware(asgi_page, **options(transport))


def asgi_matomo() -> Any:
    from asgi_matomo import MatomoMiddleware

    address = os.environ["BENCH_ENDPOINT"] + "/matomo.php"
    return MatomoMiddleware(asgi_page, matomo_url=address, idsite=1, exclude_paths=[STATS])


# -- WSGI --------------------------------------------------------------------------------------


def wsgi_page(environ: Any, start_response: Any) -> list[bytes]:
    kind, body = (HTML, BODY)
    if environ["PATH_INFO"] == STATS:
        kind, body = "application/json", stats()
    else:
        REQUESTS.bump()
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def wsgi_footfall(transport: str) -> Any:
    from footfall.wsgi import FootfallMiddleware

    return FootfallMiddleware(wsgi_page, **options(transport))


def flask_page() -> Any:
    from flask import Flask, Response

    app = Flask("page")

    @app.get(STATS)
    def show_stats() -> Any:
        return Response(stats(), mimetype="application/json")

    @app.get("/blog/<int:number>")
    def page(number: int) -> Any:
        REQUESTS.bump()
        return Response(BODY, content_type=HTML)

    return app


def flask_matomo() -> Any:
    from flask_matomo2 import Matomo

    app = flask_page()
    address = os.environ["BENCH_ENDPOINT"] + "/matomo.php"
    Matomo(app, matomo_url=address, id_site=1, ignored_routes=[STATS])
    return app


ASGI: Final[dict[str, Callable[[], Any]]] = {
    "bare": lambda: asgi_page,
    "no-op": lambda: asgi_noop(asgi_page),
    "footfall, curl": lambda: asgi_footfall("curl"),
    "footfall, httpx": lambda: asgi_footfall("httpx"),
    "peer: asgi-matomo": asgi_matomo,
}
WSGI: Final[dict[str, Callable[[], Any]]] = {
    "bare": lambda: wsgi_page,
    "no-op": lambda: wsgi_noop(wsgi_page),
    "footfall, curl": lambda: wsgi_footfall("curl"),
    "footfall, httpx": lambda: wsgi_footfall("httpx"),
    "flask, bare": flask_page,
    "peer: flask-matomo2 on flask": flask_matomo,
}


def asgi() -> Any:
    return ASGI[os.environ["BENCH_ROW"]]()


def wsgi() -> Any:
    return WSGI[os.environ["BENCH_ROW"]]()
