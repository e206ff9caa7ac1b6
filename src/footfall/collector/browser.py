"""Which browser, system and device a User-Agent names, roughly.

A handful of names that cover nearly everybody, for the collector's page. The order matters: every
browser claims to be the ones before it, so the specific name is looked for first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_TABLETS = ("iPad", "Tablet")
_PHONES = ("Mobi", "iPhone")

# Names stand early in the string; what follows is of no use here.
_MAX_LENGTH = 500


class Browser(NamedTuple):
    """Names for people; None where the string gives none away."""

    name: str | None
    os: str | None
    device: str | None


def browser(user_agent: str) -> Browser:
    """The browser behind a User-Agent."""
    return _browser(user_agent[:_MAX_LENGTH])


@lru_cache(maxsize=1_024)
def _browser(user_agent: str) -> Browser:
    system = _first(_SYSTEMS, user_agent)
    return Browser(_first(_BROWSERS, user_agent), system, _device(user_agent, system))


def _first(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for token, name in names if token in text), None)


def _device(user_agent: str, system: str | None) -> str | None:
    if any(token in user_agent for token in _TABLETS):
        return "Tablet"
    if any(token in user_agent for token in _PHONES):
        return "Mobile"
    # An Android that does not say "Mobile" is a tablet.
    return "Tablet" if system == "Android" else system and "Desktop"
