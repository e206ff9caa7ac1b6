"""Hits for the tests of the pageview rules: a request of some client, and the response to it."""

from __future__ import annotations

from typing import Any, NamedTuple

from footfall.model import Decision, Hit
from footfall.rules.pageview import PageviewOptions
from tests.rules.bots import BOTS
from tests.support.header_sets import NAVIGATIONS, TURBO_ACCEPT, Headers, chromium, script

HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
PDF = {"content-type": "application/pdf"}
PNG = {"content-type": "image/png"}
OLD_SAFARI = NAVIGATIONS["safari 15"]
WITH_404S = PageviewOptions(track_404=True)


TURBO = script(accept=TURBO_ACCEPT, x_turbo_request_id="5e1a63a7-8e1b-4a4e-9f57-0b8a2c8d3b1f")
HTMX = script(hx_request="true", hx_current_url="https://example.com/", hx_target="main")
INERTIA = script(
    accept=TURBO_ACCEPT, x_requested_with="XMLHttpRequest", x_inertia="true", x_inertia_version="4"
)
INERTIA_ANSWER = JSON | {"x-inertia": "true"}
GPTBOT = {"user-agent": BOTS["ai-training"]["GPTBot"], "accept": "*/*"}


def no_admin(hit: Hit) -> str | None:
    return "/admin/**" if hit.path.startswith("/admin/") else None


def fails(_hit: Hit) -> bool:
    raise RuntimeError("a fault in the owner's code")


class Row(NamedTuple):
    hit: Hit
    expected: str
    options: PageviewOptions = WITH_404S


def requested(headers: Headers, path: str = "/blog/a-post", **facts: Any) -> Hit:
    """A hit with these request headers, answered with HTML unless `facts` say otherwise."""
    return Hit(
        **{
            "scheme": "https",
            "host": "example.com",
            "path": path,
            "headers": headers,
            "response_headers": HTML,
            **facts,
        }
    )


def responded(
    status: int, headers: Headers = HTML, path: str = "/blog/a-post", **facts: Any
) -> Hit:
    """A navigation of Chrome that got this answer."""
    return requested(chromium(), path, status=status, response_headers=headers, **facts)


def summary(decision: Decision) -> str:
    return f"{decision.kind} {decision.reason}"
