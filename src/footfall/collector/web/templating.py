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
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

PAGES: Final = (("/", "Dashboard"), ("/live", "Live"))
"""Path and name of each page, as the navigation shows them."""

_TEMPLATES = Path(__file__).parent / "templates"


def environment() -> Environment:
    """The templates, with the filters and values that pages share."""
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(clip=clip, code=code, grouped=grouped, pretty=pretty)
    templates.globals["pages"] = PAGES
    return templates


def clip(text: str, length: int = 300) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def code(text: str) -> Markup:
    """The text escaped, with each part between backticks in a `<code>` element."""
    parts = str(escape(text)).split("`")
    shown = [f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)]
    return Markup("".join(shown))  # noqa: S704 -- every part was escaped


def grouped(number: int) -> str:
    """The number with commas between its thousands."""
    return f"{number:,}"


def pretty(value: Any) -> str:
    """A text as it is, everything else as indented JSON."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
