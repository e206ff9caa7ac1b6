"""An app whose vendor has a fault: what its visitors get is checked while the fault lasts.

    with watched_site("plausible+http://127.0.0.1:9/example.com") as site:
        site.visit()

On leaving, the app's responses are compared with those of the bare app, and the time that each
visit waited in the middleware with a bound. The numbers of faults in
test ids are those of tests/FAULTS.md.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from footfall.config import Options
from footfall.delivery.counters import ENDS
from footfall.model import Request, Response
from footfall.tracker import Tracker
from footfall.wsgi import Environ, FootfallMiddleware, StartResponse
from tests.support.waiting import blocked_seconds

# A visit waits for nothing but the interpreter's lock, which another thread has for milliseconds.
MAX_MEDIAN_SECONDS: Final = 0.05
MAX_SECONDS: Final = 0.5
# The first visit starts a thread, and waits until that has run: for as long as others load modules.
MAX_FIRST_SECONDS: Final = 5.0
MIN_VISITS: Final = 10

PAGE: Final = [b"<h1>Hello</h1>"]
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return PAGE


class Site:
    """A watched app. `tracker` is its tracker; `counts()` are the counters of its destination."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self._middleware = FootfallMiddleware(app, tracker=tracker)
        self._blocked: list[float] = []
        self._responses: list[tuple[str, list[bytes]]] = []

    def visit(self, path: str = "/", visitor: str = "198.51.100.1", **environ: str) -> None:
        """One pageview by `visitor`, through the middleware, in the calling thread."""
        statuses: list[str] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            statuses.append(status)
            return lambda chunk: None

        request = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "wsgi.url_scheme": "https",
            "REMOTE_ADDR": visitor,
            "HTTP_HOST": "example.com",
            "HTTP_USER_AGENT": BROWSER,
            "HTTP_SEC_FETCH_DEST": "document",
            "HTTP_SEC_FETCH_MODE": "navigate",
            **environ,
        }
        bodies: list[Any] = []
        self._blocked.append(
            blocked_seconds(lambda: bodies.append(self._middleware(request, start_response)))
        )
        self._responses.append((statuses[0], [*bodies[0]]))

    def visits(self, number: int) -> None:
        """So many pageviews, each by another visitor."""
        for each in range(number):
            self.visit(f"/{each}", visitor=f"198.51.{each // 250 % 250}.{each % 250 + 1}")

    def counts(self, destination: int = 0) -> dict[str, int]:
        """The counters of a destination that are not zero, with what is still queued.

        Raises:
            AssertionError: the counters do not balance.
        """
        account = [*self.tracker.stats()["destinations"].values()][destination]
        ends = {name: count for name, count in account.items() if count and name in ENDS}
        assert account["submitted"] + account["taken"] == sum(ends.values()), account
        return ends

    def assert_unharmed(self, errors: int | None = 0) -> None:
        """Check what the visitors got, and how long they waited for it."""
        assert self._responses, "there was no visit"
        assert {status for status, _ in self._responses} == {"200 OK"}
        assert all(body == PAGE for _, body in self._responses)
        # A median of few is not robust.
        if len(self._blocked) >= MIN_VISITS:
            assert statistics.median(self._blocked) < MAX_MEDIAN_SECONDS
        first, *others = self._blocked
        assert first < MAX_FIRST_SECONDS
        assert max(others, default=0.0) < MAX_SECONDS
        if errors is not None:
            assert self.tracker.stats()["errors"] == errors


@contextmanager
def watched_site(
    *destinations: Any,
    errors: int | None = 0,
    environ: dict[str, str] | None = None,
    **options: Any,
) -> Iterator[Site]:
    """An app with these `destinations`; at the end what its visitors got is checked.

    Args:
        errors: How many errors of hooks are counted at the end; None where that may vary.
        environ: `{}` for a tracker that does not detect pytest.
    """
    options.setdefault("shutdown_timeout_seconds", 0.2)
    options["destinations"] = [*destinations]
    site = Site(Tracker.from_options(cast("Options", options), environ=environ))
    try:
        yield site
        site.assert_unharmed(errors)
    finally:
        site.tracker.flush()


class Scripted:
    """A transport with a list of responses and errors, one for each request, and then 202."""

    def __init__(self, *responses: Response | Exception) -> None:
        self.responses = list(responses)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        response = self.responses.pop(0) if self.responses else Response(status=202, body=b"ok")
        if isinstance(response, Exception):
            raise response
        return response
