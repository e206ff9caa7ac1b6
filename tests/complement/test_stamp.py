"""The stamp of each kind of response."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from footfall import wsgi
from footfall.complement.ways import COUNTED_AHEAD, NEVER_COUNTED, NOT_COUNTED
from tests.complement.support import OPTIONS
from tests.support.adapters import Raw, call_wsgi, navigation

HTML = {"Content-Type": "text/html; charset=utf-8"}
TIME = "the time"
AHEAD = "the time, fetched ahead"
NEVER = "the time, never counted"
_SAYING = {0: TIME, COUNTED_AHEAD: AHEAD, NEVER_COUNTED: NEVER}


def stamp(
    raw: Raw, status: str = "200 OK", headers: dict[str, str] | None = None, **options: Any
) -> str | int | None:
    """The stamp of the response to a request; `TIME` for that of now."""
    given = HTML if headers is None else headers

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/ignored":
            import footfall

            footfall.ignore()
        start_response(status, [*given.items()])
        return [b""]

    answer = call_wsgi(wsgi.FootfallMiddleware(app, **{**OPTIONS, **options}), raw)
    header = answer.headers.get("Server-Timing")
    if header is None:
        return None
    found = re.fullmatch(r'footfall;desc="(-|-?\d+)"', header)
    assert found is not None
    if found[1] == "-":
        return found[1]
    value = int(found[1])
    # What is added to the time is whole.
    added = value // 10**15 * 10**15
    return _SAYING[added] if abs((value - added) / 1000 - time.time()) < 60 else value


PREFETCH = {"Sec-Purpose": "prefetch"}
TURBO = {"X-Turbo-Request-Id": "1", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}
FETCH = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "*/*"}
WORKER = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "navigate"}

ROWS: dict[str, tuple[Raw, dict[str, Any], str | int | None]] = {
    "a page": (navigation(), {}, TIME),
    "a page that a service worker passed on": (navigation(headers=WORKER), {}, TIME),
    "304": (navigation(), {"status": "304 Not Modified", "headers": {}}, TIME),
    "304 of a file": (
        navigation("/app.css"),
        {"status": "304 Not Modified", "headers": {}},
        None,
    ),
    "304 of a fragment": (
        navigation(headers={**FETCH, "HX-Request": "true"}),
        {"status": "304 Not Modified", "headers": {}},
        "-",
    ),
    "304 of an ignored page": (
        navigation("/ignored"),
        {"status": "304 Not Modified", "headers": {}},
        "-",
    ),
    "JSON": (navigation(), {"headers": {"Content-Type": "application/json"}}, None),
    "no type": (navigation(), {"headers": {}}, None),
    "a prefetch": (navigation(headers=PREFETCH), {}, NOT_COUNTED),
    "a prefetch of a style": (
        navigation(headers=PREFETCH),
        {"headers": {"Content-Type": "text/css"}},
        None,
    ),
    "a prefetch that counts": (
        navigation(headers=PREFETCH),
        {"prefetch": "count"},
        AHEAD,
    ),
    "the answer to a POST": (navigation(method="POST"), {}, NOT_COUNTED),
    "an error in answer to a POST": (
        navigation(method="POST"),
        {"status": "422 Unprocessable"},
        None,
    ),
    "a POST of a script": (navigation(method="POST", headers=FETCH), {}, None),
    "a visit of Turbo": (navigation(headers=TURBO), {}, TIME),
    "a prefetch of Turbo": (
        navigation(headers={**TURBO, "X-Sec-Purpose": "prefetch"}),
        {},
        NOT_COUNTED,
    ),
    "a missing page of Turbo": (
        navigation(headers=TURBO),
        {"status": "404 Not Found"},
        NEVER,
    ),
    "an ignored page of Turbo": (navigation("/ignored", headers=TURBO), {}, NEVER),
    "a frame of Turbo": (navigation(headers={**TURBO, "Turbo-Frame": "a"}), {}, None),
    "a fragment of htmx": (navigation(headers={**FETCH, "HX-Request": "true"}), {}, None),
    "a visit of htmx": (
        navigation(headers={**FETCH, "HX-Request": "true", "HX-Boosted": "true"}),
        {},
        TIME,
    ),
    "a visit of Inertia": (
        navigation(headers={**FETCH, "X-Inertia": "true"}),
        {"headers": {"Content-Type": "application/json", "X-Inertia": "true"}},
        TIME,
    ),
    "fetch()": (navigation(headers=FETCH), {}, None),
    "a frame": (navigation(headers={"Sec-Fetch-Dest": "iframe"}), {}, None),
    "a frame that counts": (
        navigation(headers={"Sec-Fetch-Dest": "iframe"}),
        {"track_iframes": True},
        TIME,
    ),
    "a missing page": (navigation(), {"status": "404 Not Found"}, None),
    "a missing page that is an event": (
        navigation(),
        {"status": "404 Not Found", "track_404": True},
        None,
    ),
    "an excluded page": (navigation("/admin"), {"exclude": ["/admin"]}, None),
    "an ignored page": (navigation("/ignored"), {}, None),
    "a bot": (navigation(headers={"User-Agent": "GPTBot/1.0"}), {}, None),
    "a bot's event": (
        navigation(headers={"User-Agent": "GPTBot/1.0"}),
        {"bots": "event"},
        None,
    ),
    "DNT": (navigation(headers={"DNT": "1"}), {"respect_dnt": True}, None),
    "localhost": (navigation(headers={"Host": "localhost"}), {}, None),
    "nothing is counted": (navigation(), {"enabled": False}, None),
}


@pytest.mark.parametrize(("raw", "more", "expected"), ROWS.values(), ids=ROWS.keys())
def test_the_stamp_says_what_the_server_counts(
    raw: Raw, more: dict[str, Any], expected: str | int | None
) -> None:
    assert stamp(raw, **more) == expected
