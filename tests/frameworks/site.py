"""What the pages of every framework's site respond with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import footfall

PAGE: Final = "<h1>Page</h1>"
# What a page responds with in parts.
CHUNKS: Final = ["<h1>", "Page", "</h1>"]
CSS: Final = "h1 { color: red }"
# Sent with what the framework has for files.
PDF: Final = Path(__file__).parents[2] / "examples" / "static" / "guide.pdf"
HTML: Final = "text/html; charset=utf-8"


def sign_up() -> str:
    """The page that tracks an event."""
    footfall.track("Signup", props={"plan": "pro"})
    return PAGE


def with_props() -> str:
    """The page that has props of its own."""
    footfall.set_props(plan="pro")
    return PAGE


def fail() -> str:
    """The page whose view raises."""
    raise ZeroDivisionError("the view failed")
