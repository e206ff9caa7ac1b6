"""Which browser, system and device a User-Agent names, roughly, and their versions.

A handful of names that cover nearly everybody, and are those that Plausible shows (its server's
tests, read 2026-11). The order matters: every browser claims to be the ones before it, so the
specific name is searched first. Browsers have frozen the version of the system in their User-Agent:
Windows 10 may be 11, and Android 10 or macOS 10.15 any later one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_BROWSERS = (
    ("Edg", "Microsoft Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Browser"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    # The browser that an app of Android contains.
    ("; wv)", "Mobile App"),
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
    ("CrOS", "Chrome OS"),
    ("Macintosh", "Mac"),
    ("Ubuntu", "Ubuntu"),
    ("Fedora", "Fedora"),
    ("Linux", "GNU/Linux"),
)
_TABLETS = ("iPad", "Tablet")
_PHONES = ("Mobi", "iPhone")

# Two numbers, as Plausible keeps them.
_NUMBER = r"(\d+(?:[._]\d+)?)"
_BROWSER_VERSIONS = {
    "Microsoft Edge": re.compile(rf"Edg\w{{0,4}}/{_NUMBER}"),
    "Safari": re.compile(rf"Version/{_NUMBER}"),
    "Internet Explorer": re.compile(rf"(?:MSIE |rv:){_NUMBER}"),
    "Mobile App": re.compile(rf"Chrome/{_NUMBER}"),
}
_OS_VERSIONS = {
    "iOS": re.compile(rf"OS {_NUMBER}"),
    "iPadOS": re.compile(rf"OS {_NUMBER}"),
    "Android": re.compile(rf"Android {_NUMBER}"),
    "Windows": re.compile(rf"Windows NT {_NUMBER}"),
    "Mac": re.compile(rf"Mac OS X {_NUMBER}"),
}
# Their marketing names. Windows 11 sends 10.0, too.
_WINDOWS = {"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7"}

# Names come early in the string; the rest is of no use here.
_MAX_LENGTH = 500


class Browser(NamedTuple):
    """Names to display; None where the User-Agent has none."""

    name: str | None
    os: str | None
    device: str | None
    version: str | None = None
    os_version: str | None = None


def detect_browser(user_agent: str) -> Browser:
    """The browser, system and device that a User-Agent names."""
    return _detect(user_agent[:_MAX_LENGTH])


@lru_cache(maxsize=1_024)
def _detect(user_agent: str) -> Browser:
    token, name = _first(_BROWSERS, user_agent)
    _, system = _first(_SYSTEMS, user_agent)
    return Browser(
        name,
        system,
        _device(user_agent, system),
        _browser_version(user_agent, token, name),
        _os_version(user_agent, system),
    )


def _first(names: tuple[tuple[str, str], ...], text: str) -> tuple[str, str] | tuple[None, None]:
    return next(((token, name) for token, name in names if token in text), (None, None))


def _device(user_agent: str, system: str | None) -> str | None:
    if any(token in user_agent for token in _TABLETS):
        return "Tablet"
    if any(token in user_agent for token in _PHONES):
        return "Mobile"
    # An Android that does not say "Mobile" is a tablet.
    return "Tablet" if system == "Android" else system and "Desktop"


def _browser_version(user_agent: str, token: str | None, name: str | None) -> str | None:
    pattern = _BROWSER_VERSIONS.get(name or "") or re.compile(re.escape(token or "") + _NUMBER)
    found = pattern.search(user_agent) if token else None
    return found[1] if found else None


def _os_version(user_agent: str, system: str | None) -> str | None:
    pattern = _OS_VERSIONS.get(system or "")
    found = pattern.search(user_agent) if pattern else None
    if found is None:
        return None
    number = found[1].replace("_", ".")
    return _WINDOWS.get(number, number) if system == "Windows" else number
