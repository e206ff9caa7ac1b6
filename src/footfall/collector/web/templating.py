"""The templates of all pages, with their filters and the navigation.

A page is a template that extends `base.html`. It is rendered with `current_path`, its own path, and
`view`, of which `base.html` reads `root`. It fills the blocks `title`, `assets` (its style sheet
and script), `tools` (right of the navigation), `main` and `foot`. `base.css` has the colours as
variables, light and dark, and `.panel` for a card.

All texts come from senders who are not trusted: Jinja escapes every one, and the pages'
Content-Security-Policy would not run a script that slipped through. The files in `static/` are the
whole front end; there is no build step, and nothing is loaded from elsewhere.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from footfall.events.curl_command import curl_command

PAGES: Final = (("/", "Dashboard"), ("/live", "Live"))
"""Path and name of each page, as the navigation shows them."""

_EXAMPLE_PAGE: Final = "https://example.com/hello?utm_source=curl"
_EXAMPLE_HEADERS: Final = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "x-forwarded-for": "203.0.113.7",
    "content-type": "application/json",
}

_TEMPLATES = Path(__file__).parent / "templates"


# Compiling the templates takes longer than making any page.
@cache
def environment(*, has_api: bool = True) -> Environment:
    """The templates, with the filters and values that pages share; the same for all apps.

    Without an API, as in the process of an app, the pages show no address of it.
    """
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        clip=clip, code=code, curl_example=curl_example, grouped=grouped, pretty=pretty
    )
    templates.globals.update(pages=PAGES, has_api=has_api)
    return templates


def clip(text: str, length: int = 300) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def code(text: str) -> Markup:
    """The text escaped, with each part between backticks in a `<code>` element."""
    parts = str(escape(text)).split("`")
    shown = [f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)]
    return Markup("".join(shown))  # noqa: S704 -- every part was escaped


def curl_example(collector_url: str, domain: str | None) -> str:
    """The command that sends a first pageview to the collector, for a site or example.com.

    A link may name any domain, with quotes and control characters in it.
    """
    event = {"name": "pageview", "url": _EXAMPLE_PAGE, "domain": domain or "example.com"}
    return curl_command(f"{collector_url}/api/event", _EXAMPLE_HEADERS, json.dumps(event).encode())


def grouped(number: int) -> str:
    """The number with commas between its thousands."""
    return f"{number:,}"


def pretty(value: Any) -> str:
    """A text as it is, everything else as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
