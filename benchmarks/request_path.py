"""What the middleware adds to a request, in process: `python benchmarks/request_path.py [--quick]`.

Bare app, a middleware that only wraps `send` or `start_response`, and footfall, called in turn in
one process. Nothing is delivered: the inbox is short, so that each record pushes an old one out, as
the delivery side would take it. The figures are the calling thread's, freeing the record included.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from paired import Loop, measure, table, timed

from footfall import asgi, wsgi
from footfall.tracker import Tracker
from footfall.transport import MemoryTransport

BROWSER = {
    "host": "example.com",
    "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "accept-language": "en-GB,en;q=0.9",
    "accept-encoding": "gzip, deflate, br, zstd",
    "referer": "https://news.example.org/item?id=1",
    "connection": "keep-alive",
    "upgrade-insecure-requests": "1",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-site": "cross-site",
    "cookie": "sessionid=0123456789abcdef; csrftoken=0123456789abcdef",
}
DESTINATION = "plausible+http://127.0.0.1:9/example.com"


def tracker() -> Tracker:
    made = Tracker.from_options(
        {
            "destinations": [DESTINATION],
            "exclude": ["/static/**"],
            "transport": MemoryTransport(),
            "max_queue": 32,
        }
    )
    # Awake for ever, so that no thread is started.
    made._awake_until = float("inf")
    return made


# -- ASGI --------------------------------------------------------------------------------------


def asgi_app(content_type: bytes) -> Any:
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", content_type), (b"content-length", b"2")],
    }
    body = {"type": "http.response.body", "body": b"ok"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send(body)

    return app


def asgi_noop(app: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        async def wrapped(message: Any) -> None:
            await send(message)

        await app(scope, receive, wrapped)

    return middleware


def asgi_loop(app: Any, path: str = "/page") -> Loop:
    headers = [(name.encode(), value.encode()) for name, value in BROWSER.items()]

    async def receive() -> Any:
        raise NotImplementedError

    async def send(message: Any) -> None:
        return None

    async def run(times: int) -> float:
        started = perf_counter()
        for _ in range(times):
            scope = {
                "type": "http",
                "method": "GET",
                "scheme": "https",
                "path": path,
                "root_path": "",
                "query_string": b"utm_source=x",
                "headers": headers,
                "client": ("198.51.100.7", 51234),
                "server": ("127.0.0.1", 8000),
            }
            await app(scope, receive, send)
        return perf_counter() - started

    return lambda times: asyncio.run(run(times))


# -- WSGI --------------------------------------------------------------------------------------


def wsgi_app(content_type: str) -> Any:
    headers = [("Content-Type", content_type), ("Content-Length", "2")]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [b"ok"]

    return app


def wsgi_noop(app: Any) -> Any:
    def middleware(environ: Any, start_response: Any) -> Any:
        def wrapped(status: str, headers: Any, exc_info: Any = None) -> Any:
            return start_response(status, headers, exc_info)

        return app(environ, wrapped)

    return middleware


def wsgi_loop(app: Any, path: str = "/page") -> Loop:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "utm_source=x",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "gunicorn",
        "REMOTE_ADDR": "198.51.100.7",
        "REMOTE_PORT": "51234",
        "RAW_URI": path,
        "wsgi.url_scheme": "https",
        "wsgi.version": (1, 0),
        "wsgi.input": None,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": None,
        "gunicorn.socket": None,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in BROWSER.items()},
    }

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        return lambda chunk: None

    return timed(lambda: app(dict(environ), start_response))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    quick = parser.parse_args().quick
    calls, rounds = (5_000, 7) if quick else (50_000, 15)

    page, data = asgi_app(b"text/html"), asgi_app(b"application/json")
    rows = {
        "bare": asgi_loop(page),
        "no-op": asgi_loop(asgi_noop(page)),
        "footfall, a pageview": asgi_loop(asgi.FootfallMiddleware(page, tracker=tracker())),
        "footfall, JSON": asgi_loop(asgi.FootfallMiddleware(data, tracker=tracker())),
        "footfall, excluded path": asgi_loop(
            asgi.FootfallMiddleware(page, tracker=tracker()), "/static/style.css"
        ),
    }
    print(table("ASGI", measure(rows, calls=calls, rounds=rounds), base="no-op"), end="\n\n")

    page, data = wsgi_app("text/html"), wsgi_app("application/json")
    rows = {
        "bare": wsgi_loop(page),
        "no-op": wsgi_loop(wsgi_noop(page)),
        "footfall, a pageview": wsgi_loop(wsgi.FootfallMiddleware(page, tracker=tracker())),
        "footfall, JSON": wsgi_loop(wsgi.FootfallMiddleware(data, tracker=tracker())),
        "footfall, excluded path": wsgi_loop(
            wsgi.FootfallMiddleware(page, tracker=tracker()), "/static/style.css"
        ),
    }
    print(table("WSGI", measure(rows, calls=calls, rounds=rounds), base="no-op"))


if __name__ == "__main__":
    main()
