"""Raw requests, and the app's answers to them, without a client library or a server.

The drivers are written out by hand, since a client library would tidy up the very garbage that the
middleware must survive. They hand an app what gunicorn and uvicorn do, and import no framework.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
NAVIGATION: Mapping[str, str] = {
    "Host": "example.com",
    "User-Agent": CHROME,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de-AT,de;q=0.9",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
}
PLAUSIBLE = "plausible://plausible.io/example.com"

# The mark that a layer sets in the environ or scope of each request, without importing footfall.
MARK: Any = None


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One request as it comes from the wire. `target` is the path, percent-encoded as sent."""

    method: str = "GET"
    target: bytes = b"/page"
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = field(default_factory=tuple)
    peer: str | None = "198.51.100.7"
    body: bytes = b""


def navigation(target: str = "/page", query: str = "", /, **changes: Any) -> Raw:
    """A browser opens `target`. `headers=` overrides the browser's; None leaves one out."""
    headers = {**NAVIGATION, **changes.pop("headers", {})}
    pairs = [
        (name.encode("ascii"), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in headers.items()
        if value is not None
    ]
    return Raw(target=target.encode(), query=query.encode(), headers=pairs, **changes)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


# What an app handed to its server: the name of a call or message, and its values.
Step: TypeAlias = tuple[Any, ...]


# -- WSGI --------------------------------------------------------------------------------------


def call_wsgi(app: Any, raw: Raw) -> Answer:
    """The app's answer. Raises what the app raises."""
    steps: list[Step] = []
    send_wsgi(app, raw, steps)
    _, status, headers, _ = [step for step in steps if step[0] == "start"][-1]
    body = b"".join(step[1] for step in steps if step[0] == "body")
    return Answer(status=int(status[:3]), body=body, headers=dict(headers))


def send_wsgi(app: Any, raw: Raw, steps: list[Step]) -> None:
    """Send a request, and append to `steps` what the app hands to the server.

    `("start", status, headers, has_exc_info)`, `("returns", type)`, `("body", chunk)` and
    `("close",)`. By the type of what an app returns, a server may know a file.
    """

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        steps.append(("start", status, [*headers], exc_info is not None))
        return lambda chunk: steps.append(("body", chunk))

    body = app(_environ(raw), start_response)
    steps.append(("returns", type(body).__qualname__))
    try:
        steps.extend(("body", chunk) for chunk in body)
    finally:
        if hasattr(body, "close"):
            body.close()
            steps.append(("close",))


def _environ(raw: Raw) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": raw.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw.target).decode("latin-1"),
        "QUERY_STRING": raw.query.decode("latin-1"),
        "RAW_URI": b"?".join(filter(None, (raw.target, raw.query))).decode("latin-1"),
        "SERVER_NAME": "internal",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": raw.peer or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(raw.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if MARK is not None:
        environ["footfall"] = MARK
    if raw.body:
        environ["CONTENT_LENGTH"] = str(len(raw.body))
    for name, value in raw.headers:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


# -- ASGI --------------------------------------------------------------------------------------


def call_asgi(app: Any, raw: Raw) -> Answer:
    """The app's answer. Raises what the app raises."""
    messages: list[dict[str, Any]] = []
    asyncio.run(send_asgi(app, raw, messages))
    start = messages[0]
    return Answer(
        status=start["status"],
        body=b"".join(message.get("body", b"") for message in messages[1:]),
        headers={n.decode().title(): v.decode("latin-1") for n, v in start.get("headers", ())},
    )


async def send_asgi(app: Any, raw: Raw, messages: list[dict[str, Any]]) -> None:
    """Send a request, and append to `messages` what the app sends to the server."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": raw.method,
        "scheme": "https",
        "path": unquote_to_bytes(raw.target).decode("utf-8", "replace"),
        "raw_path": raw.target,
        "root_path": "",
        "query_string": raw.query,
        "headers": [(name.lower(), value) for name, value in raw.headers],
        "client": None if raw.peer is None else (raw.peer, 51234),
        "server": ("internal", 8000),
        "state": {},
    }
    if raw.body:
        scope["headers"] = [*scope["headers"], (b"content-length", b"%d" % len(raw.body))]  # type: ignore[misc]
    if MARK is not None:
        scope["footfall"] = MARK
    has_asked = False
    is_complete = asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal has_asked
        if has_asked:
            await is_complete.wait()
            return {"type": "http.disconnect"}
        has_asked = True
        return {"type": "http.request", "body": raw.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if "headers" in message:
            # They may be an iterable that can be read only once.
            message = {**message, "headers": [*message["headers"]]}
        messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            is_complete.set()

    await app(scope, receive, send)


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[None]:
    """The app between its start and its shutdown; one without lifespan just runs."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    serving = asyncio.ensure_future(app(scope, to_app.get, from_app.put))
    to_app.put_nowait({"type": "lifespan.startup"})
    started = asyncio.ensure_future(from_app.get())
    await asyncio.wait([serving, started], return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        started.cancel()
        serving.exception()  # read, so that asyncio does not report it
        yield
        return
    assert started.result()["type"] == "lifespan.startup.complete", started.result()
    yield
    to_app.put_nowait({"type": "lifespan.shutdown"})
    await serving
