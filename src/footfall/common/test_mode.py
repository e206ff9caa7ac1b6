"""While a test looks: where its events go, and what its client leaves out of a request.

Test clients send no more than they must: no user agent or one of their own, no `Accept`, the host
`testserver`, a peer without an address. Judged as they are, none of their requests would count. So
while a test looks, whatever they leave out is filled in as by a browser that opens a page; what the
test says itself holds. Nothing here is asked outside of tests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from footfall.model import Event, Hit

__all__ = ["OUTBOXES", "PEER", "is_of_test_client", "is_on", "with_browser_defaults"]

OUTBOXES: Final[list[list[Event]]] = []
"""While a test looks, the events of every tracker go into each of these, and nowhere else."""

PEER: Final = "127.0.0.1"
"""Where a test's visitor sits, if its client does not say."""

# Django, Starlette and FastAPI; Flask and whatever else is built on Werkzeug. A developer's own
# browser names a port.
_HOSTS: Final = frozenset({"testserver", "localhost"})
_USER_AGENTS: Final = ("testclient", "Werkzeug/", "python-httpx")
_BROWSER: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
_NO_WISH: Final = ("", "*/*")


def is_on() -> bool:
    """True while a test looks."""
    return bool(OUTBOXES)


def is_of_test_client(hit: Hit) -> bool:
    """True if a framework's test client, and no browser, asked for this hit."""
    # Django's names its port and sends no Host.
    return hit.host.removesuffix(":80") in _HOSTS or _user_agent(hit).startswith(_USER_AGENTS)


def with_browser_defaults(hit: Hit) -> Hit:
    """The hit as if a browser had made it, where a test client did; any other as it is."""
    if not is_of_test_client(hit):
        return hit
    user_agent = _user_agent(hit)
    headers = dict(hit.headers)
    if not user_agent or user_agent.startswith(_USER_AGENTS):
        headers["user-agent"] = _BROWSER
    # Whoever says what a browser wants the answer for has said enough.
    if hit.headers.get("accept", "") in _NO_WISH and "sec-fetch-dest" not in hit.headers:
        headers["accept"] = "text/html"
    is_nowhere = hit.peer in (None, "", "testclient")
    return replace(hit, headers=headers, peer=PEER if is_nowhere else hit.peer)


def _user_agent(hit: Hit) -> str:
    return hit.headers.get("user-agent", "")
