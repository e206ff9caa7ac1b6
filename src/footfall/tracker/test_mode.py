"""Test mode: where events go while `capture()` or the pytest fixture is in use.

Test clients send no more than they must: no user agent or one of their own, no `Accept`, the host
`testserver`, a peer without an address. Decided as they are, none of their requests would count. So
in test mode the worker thread adds what they leave out, as a browser sends it that opens a page;
what the test sets itself stays. Outside of test mode nothing here is called.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from footfall.model import Event, Hit

__all__ = ["PEER", "SINKS", "is_of_test_client", "is_on", "normalise", "with_browser_defaults"]

SINKS: Final[list[list[Event]]] = []
"""In test mode the events of every tracker are appended to each of these lists, and not sent."""

PEER: Final = "127.0.0.1"
"""The visitor's address in a test whose client has none."""

# Django, Starlette, FastAPI; Werkzeug and so Flask. A developer's own browser names a port.
_HOSTS: Final = frozenset({"testserver", "localhost"})
_USER_AGENTS: Final = ("testclient", "Werkzeug/", "python-httpx", "Quart", "falcon-client/")
_BROWSER: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
_ACCEPTS_ANYTHING: Final = ("", "*/*")


def is_on() -> bool:
    """True while `capture()` or the pytest fixture is in use."""
    return bool(SINKS)


def is_of_test_client(hit: Hit) -> bool:
    """True if a framework's test client, and no browser, sent the request."""
    # Django's names its port and sends no Host.
    return hit.host.removesuffix(":80") in _HOSTS or _user_agent(hit).startswith(_USER_AGENTS)


def normalise(hit: Hit) -> Hit:
    """The hit as it is decided: in test mode with a browser's defaults, otherwise unchanged."""
    return with_browser_defaults(hit) if SINKS else hit


def with_browser_defaults(hit: Hit) -> Hit:
    """The hit as if a browser had sent it, where a test client did; any other hit unchanged."""
    if not is_of_test_client(hit):
        return hit
    user_agent = _user_agent(hit)
    headers = dict(hit.headers)
    if not user_agent or user_agent.startswith(_USER_AGENTS):
        headers["user-agent"] = _BROWSER
    # A test that sets one of the two has said what kind of request it sends.
    if hit.headers.get("accept", "") in _ACCEPTS_ANYTHING and "sec-fetch-dest" not in hit.headers:
        headers["accept"] = "text/html"
    has_no_address = hit.peer in (None, "", "testclient")
    return replace(hit, headers=headers, peer=PEER if has_no_address else hit.peer)


def _user_agent(hit: Hit) -> str:
    return hit.headers.get("user-agent", "")
