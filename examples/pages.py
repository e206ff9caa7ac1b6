"""The small site that the examples serve, and the settings that they share; no framework."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import NamedTuple

from footfall import Event

# The address of `footfall collect`. The variable may name any other destination.
DESTINATIONS = os.environ.get("FOOTFALL_DESTINATIONS", "collector://127.0.0.1:8321/example.test")
PORT = int(os.environ.get("PORT", "8000"))
STATIC = Path(__file__).parent / "static"

# Print warnings, and the line in which footfall reports its settings.
logging.basicConfig(format="%(levelname)s: %(message)s")
logging.getLogger("footfall").setLevel(logging.INFO)


def show(event: Event) -> Event:
    """Print an event before it is sent: a `before_send` hook, whose result is sent."""
    parts = [event.name, event.url, event.referrer, dict(event.props), event.revenue]
    print("→ " + "  ".join(str(each) for each in parts if each), flush=True)
    return event


def page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/static/style.css">
<script src="/static/app.js" defer></script>
<nav><a href="/"><img src="/static/logo.svg" alt="Start" width="32" height="32"></a></nav>
<main><h1>{title}</h1>{content}</main>
</html>
"""


SIGN_UP = '<form method="post" action="/signup"><button>Sign up</button></form>'
LANDING = page(
    "Shoes that count",
    f'<p>See <a href="/pricing">prices</a>, or read the <a href="/guide.pdf">guide</a>.{SIGN_UP}',
)
PRICING = page("Prices", f"<p>Pro: 19.99 € a pair.{SIGN_UP}")
THANKS = page("Thank you", '<p>That was all. <a href="/">Back to the start</a>.')
NOT_FOUND = page("Not found", "<p>There is no such page.")
HEALTH = {"status": "ok"}


# -- for the examples without a framework ------------------------------------------------------

PAGES = {"/": LANDING, "/pricing": PRICING, "/thanks": THANKS}
FILES = {
    "/favicon.ico": [("content-type", "image/x-icon")],
    "/static/logo.svg": [("content-type", "image/svg+xml")],
    "/static/style.css": [("content-type", "text/css")],
    "/static/app.js": [("content-type", "text/javascript")],
    "/guide.pdf": [
        ("content-type", "application/pdf"),
        ("content-disposition", 'attachment; filename="guide.pdf"'),
    ],
}


class Response(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def response_for(path: str) -> Response:
    """The status, the headers and the body for a GET of `path`."""
    if path in PAGES:
        return Response(200, [("content-type", "text/html; charset=utf-8")], PAGES[path].encode())
    if path in FILES:
        return Response(200, FILES[path], (STATIC / path.rpartition("/")[2]).read_bytes())
    if path == "/health":
        return Response(200, [("content-type", "application/json")], json.dumps(HEALTH).encode())
    return Response(404, [("content-type", "text/html; charset=utf-8")], NOT_FOUND.encode())
