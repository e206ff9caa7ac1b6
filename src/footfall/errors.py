"""The errors, by who can mend them.

FootfallError
├── ConfigError (ValueError)      the site owner: wrong settings, raised when the app starts
├── EventError (ValueError)       the caller: an event that no vendor accepts
└── TransportError (OSError)      the network: no usable response arrived
    ├── NotSent                   certainly not processed, so it may be sent again
    └── Ambiguous                 perhaps processed, so it must not be sent again
        └── TimedOut              no response arrived in time
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

# The value of an option with such a name is a secret, whether or not there is such an option.
HAS_SECRET: Final = re.compile("(secret|token|key|password)(?!.*file)", re.IGNORECASE).search
# User and password may hold any character, since nobody has checked the URL yet. A path or a
# pattern is no URL without a scheme; and `/@me` is a page.
_USER_INFO: Final = re.compile(
    r"^([a-z][a-z0-9+.-]*://|//|(?![/.^*~])).*[^/]@", re.IGNORECASE | re.DOTALL
)
# What stands in the place of a port, as a password does where the host was forgotten.
_NO_PORT: Final = re.compile(r"(://[^/?#:\[]*:)(?![0-9]{1,5}(?:[/?#\s,;|]|$))[^/?#]*")
# Each value of a query, or a part of it without a name, and the fragment.
_QUERY_VALUE: Final = re.compile(r"(?<=[?&#])(?:([^=&#]+=)[^&#]*|[^&#]+)")

# The address of a webhook is a secret as a whole.
_URL_PATH: Final = re.compile(r"(\b[a-z][\w+.-]*:/{1,3}[^/?#\s,;|]+)/[^\s,;|]+", re.IGNORECASE)
# What follows the name of a secret in a text: `token=...`, `"password": "..."`.
_NAMED: Final = re.compile(
    r"([\w-]*(?:secret|token|key|passw|pwd)[\w-]*[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&/]+",
    re.IGNORECASE,
)
# Longer than most words, with a digit and a letter: a key, a signed token, an id. No host, no path.
_RANDOM: Final = re.compile(r"(?=[\w+~=-]*[0-9])(?=[\w+~=-]*[A-Za-z])[\w+~=-]{16,}")

HIDDEN: Final = "(hidden)"
"""Stands for a value that may be a secret."""


class Fault(NamedTuple):
    """One mistake in the settings: the option, its value, and what to write instead."""

    option: str
    value: object
    remedy: str

    def __str__(self) -> str:
        return f"{self.option}={self.shown_value}: {self.remedy}"

    @property
    def shown_value(self) -> str:
        """The value as an error may print it: without what may be a secret, and cut."""
        return HIDDEN if HAS_SECRET(self.option) else _short(_printed(self.value))


class FootfallError(Exception):
    """Base of everything this package raises on purpose."""


class ConfigError(FootfallError, ValueError):
    """The settings cannot work. `faults` has every fault (or the only one), with its remedy."""

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        count = "" if len(self.faults) == 1 else f", {len(self.faults)} settings are wrong"
        super().__init__("\n  - ".join([f"footfall cannot start{count}:", *map(str, self.faults)]))


class EventError(FootfallError, ValueError):
    """An event that no vendor accepts, refused where the app tracks it."""


class TransportError(FootfallError, OSError):
    """No usable response arrived."""


class NotSent(TransportError):  # noqa: N818 -- it names what is known
    """The vendor did not process the request: refused, unresolved, or not connected in time."""


class Ambiguous(TransportError):  # noqa: N818 -- the same
    """The vendor may have processed the request: the response was late, cut short or invalid."""


class TimedOut(Ambiguous):
    """No whole response arrived in time. Each one occupies a connection for seconds."""


def hide_credentials(url: str) -> str:
    """A URL, valid or not, with stars in place of user, password and what its query has."""
    shown = _NO_PORT.sub(r"\1***", _USER_INFO.sub(r"\1***@", url))
    return _QUERY_VALUE.sub(r"\1***", shown) if "://" in shown else shown


def hide_path(line: str) -> str:
    """A line that nobody can read, with stars for what follows its host: that may be a secret."""
    shown = hide_credentials(line)
    found = _UP_TO_HOST.match(shown)
    start = found[0] if found else ""
    return start if start == shown.rstrip("/") else f"{start}/***"


_UP_TO_HOST: Final = re.compile(r"(?:[\w+.-]*:)?/{0,3}[^/?#\s,;|]*")


def hide_keys(text: str) -> str:
    """A text with stars for what has the name of a secret before it, and for random text."""
    return _RANDOM.sub("***", _NAMED.sub(r"\1***", text))


_PLAIN: Final = (bool, int, float, Decimal, type(None))


def _printed(value: object) -> str:
    """The value as Python code, without what may be a secret.

    Of an object of another class its name: the fields that its repr shows may hold anything.
    """
    if isinstance(value, str):
        if value == HIDDEN:
            return HIDDEN
        return repr(_written(value))
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_printed(key)}: {_printed_item(key, each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        items = ", ".join(map(_printed, value))
        if isinstance(value, tuple):
            return f"({items},)" if len(value) == 1 else f"({items})"
        return f"[{items}]" if isinstance(value, list) else f"{{{items}}}"
    if isinstance(value, os.PathLike) or type(value).__module__ == "ipaddress":
        return f"{type(value).__name__}({_written(str(value))!r})"
    if isinstance(value, re.Pattern):
        return f"re.compile({hide_keys(str(value.pattern))!r})"
    name = getattr(value, "__qualname__", None)
    return f"<{name}>" if isinstance(name, str) else f"<a {type(value).__qualname__}>"


def _written(text: str) -> str:
    return hide_keys(_URL_PATH.sub(r"\1/***", hide_credentials(text)))


def _printed_item(name: object, value: object) -> str:
    return "***" if isinstance(name, str) and HAS_SECRET(name) else _printed(value)


def _short(text: str, limit: int = 80) -> str:
    # Of a path, the end says most.
    return text if len(text) <= limit else f"{text[: limit // 2 - 1]}…{text[-limit // 2 :]}"
