"""What the middleware adds to a request, in process: `python benchmarks/request_path.py [--quick]`.

A bare app, a middleware that only wraps `send` or `start_response`, footfall, and other packages'
middleware, called in turn in one process; `--instructions` counts instead of timing. Nothing is
delivered: the inbox is short, so that each record replaces an old one, as if the worker thread had
taken it. The figures are of the calling thread and include freeing the record.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import instructions
import peers
from paired import Loop, measure, table, timed

from footfall import asgi, wsgi
from footfall.delivery.transport import MemoryTransport
from footfall.tracker import Tracker

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
    new_tracker = Tracker.from_options(
        {
            "destinations": [DESTINATION],
            "exclude": ["/static/**"],
            "transport": MemoryTransport(),
        }
    )
    # The inbox believes that the worker thread runs, so it starts none. It keeps 32 records.
    new_tracker._inbox.awake_until = new_tracker._inbox._unpacked_until = float("inf")
    new_tracker._inbox._max_unpacked = 64
    new_tracker._inbox._records = deque(maxlen=32)
    return new_tracker


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
    raw_path = path.encode()

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
                "raw_path": raw_path,
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


# -- rows --------------------------------------------------------------------------------------

PAGE, JSON = "text/html", "application/json"
Make = Callable[[], Loop]


def asgi_footfall(content_type: str, path: str = "/page") -> Loop:
    app = asgi_app(content_type.encode())
    return asgi_loop(asgi.FootfallMiddleware(app, tracker=tracker()), path)


def wsgi_footfall(content_type: str, path: str = "/page") -> Loop:
    return wsgi_loop(wsgi.FootfallMiddleware(wsgi_app(content_type), tracker=tracker()), path)


ROWS: dict[str, dict[str, Make]] = {
    "ASGI": {
        "bare": lambda: asgi_loop(asgi_app(b"text/html")),
        "no-op": lambda: asgi_loop(asgi_noop(asgi_app(b"text/html"))),
        "footfall, a pageview": lambda: asgi_footfall(PAGE),
        "footfall, JSON": lambda: asgi_footfall(JSON),
        "footfall, excluded path": lambda: asgi_footfall(PAGE, "/static/style.css"),
        "peer: asgi-matomo": lambda: asgi_loop(peers.asgi_matomo(asgi_app(b"text/html"))),
        "starlette, bare": lambda: asgi_loop(peers.starlette()),
        "peer: apitally on starlette": lambda: asgi_loop(peers.apitally()),
    },
    "WSGI": {
        "bare": lambda: wsgi_loop(wsgi_app(PAGE)),
        "no-op": lambda: wsgi_loop(wsgi_noop(wsgi_app(PAGE))),
        "footfall, a pageview": lambda: wsgi_footfall(PAGE),
        "footfall, JSON": lambda: wsgi_footfall(JSON),
        "footfall, excluded path": lambda: wsgi_footfall(PAGE, "/static/style.css"),
        "flask, bare": lambda: wsgi_loop(peers.flask()),
        "peer: flask-matomo2 on flask": lambda: wsgi_loop(peers.flask_matomo()),
    },
}


def installed(rows: dict[str, Make]) -> tuple[dict[str, Loop], list[str]]:
    """The loops of the rows whose packages are installed, and the names of the others."""
    loops, missing = {}, []
    for name, make in rows.items():
        try:
            loops[name] = make()
        except ImportError:
            missing.append(name)
    return loops, missing


def times(title: str, *, calls: int, rounds: int) -> str:
    loops, missing = installed(ROWS[title])
    lines = [table(title, measure(loops, calls=calls, rounds=rounds), base="no-op")]
    return "\n".join([*lines, *(f"| {name} | not installed | | |" for name in missing)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    parser.add_argument("--instructions", action="store_true", help="count them, with valgrind")
    parser.add_argument("--only", choices=tuple(ROWS), help="one of the adapters")
    parser.add_argument(
        "--row", nargs=3, metavar=("ADAPTER", "NAME", "CALLS"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.row:
        run_once(*arguments.row)
        return
    for adapter in [arguments.only] if arguments.only else ROWS:
        if arguments.instructions:
            text = instructions.table(adapter, ROWS[adapter], is_quick=arguments.quick)
        else:
            # The slowest peer makes that many calls in a few seconds.
            text = times(adapter, calls=1_000 if arguments.quick else 10_000, rounds=15)
        print(text, end="\n\n", flush=True)


def run_once(adapter: str, name: str, calls: str) -> None:
    """The program that valgrind counts: no garbage collector, no output."""
    gc.disable()
    ROWS[adapter][name]()(int(calls))


if __name__ == "__main__":
    main()
