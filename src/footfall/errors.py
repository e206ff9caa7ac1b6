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

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# The value of an option with such a name is a secret, whether or not there is such an option.
HAS_SECRET: Final = re.compile("(secret|token|key|password)(?!.*file)", re.IGNORECASE).search
# User and password may hold any character, since nobody has checked the URL yet. A path or a
# pattern is no URL without a scheme; and `/@me` is a page.
_USER_INFO: Final = re.compile(
    r"^([a-z][a-z0-9+.-]*://|(?![/.^*~])).*[^/]@", re.IGNORECASE | re.DOTALL
)
# Each value of a query, or a part of it without a name, and the fragment.
_QUERY_VALUE: Final = re.compile(r"(?<=[?&#])(?:([^=&#]+=)[^&#]*|[^&#]+)")

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
        """The value as an error may print it: without secrets, and cut."""
        return HIDDEN if HAS_SECRET(self.option) else _short(self.value)


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
    shown = _USER_INFO.sub(r"\1***@", url)
    return _QUERY_VALUE.sub(r"\1***", shown) if "://" in shown else shown


def _without_credentials(value: object) -> object:
    if isinstance(value, str):
        return hide_credentials(value)
    if isinstance(value, dict):
        return {key: _without_credentials(each) for key, each in value.items()}
    for kind in (list, tuple, set):
        # Not of a subclass, which may take other arguments.
        if type(value) is kind:
            return kind([_without_credentials(each) for each in value])
    return value


def _short(value: object, limit: int = 80) -> str:
    text = repr(_without_credentials(value))
    # Of a path, the end says most.
    return text if len(text) <= limit else f"{text[: limit // 2 - 1]}…{text[-limit // 2 :]}"
