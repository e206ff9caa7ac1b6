"""Errors, named by whose move it is.

FootfallError
├── ConfigError (ValueError)      the owner's: wrong settings, raised when the app starts
├── EventError (ValueError)       the caller's: an event no vendor would take
└── TransportError (OSError)      the network's: no usable answer came back
    ├── NotSent                   surely not processed, so it may be sent again
    └── Ambiguous                 perhaps processed, so it must not be
        └── TimedOut              no answer came in time
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Fault(NamedTuple):
    """One mistake in the settings: the option, its value, and what to write instead."""

    option: str
    value: object
    remedy: str

    def __str__(self) -> str:
        return f"{self.option}={_short(self.value)}: {self.remedy}"


class FootfallError(Exception):
    """Base of everything this package raises on purpose."""


class ConfigError(FootfallError, ValueError):
    """The settings cannot work. Lists every fault at once, each with its remedy."""

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        head = (
            "footfall cannot start"
            if len(self.faults) == 1
            else (f"footfall cannot start, {len(self.faults)} settings are wrong")
        )
        super().__init__("\n  - ".join([head + ":", *map(str, self.faults)]))


class EventError(FootfallError, ValueError):
    """An event that no vendor would accept, refused where it was made."""


class TransportError(FootfallError, OSError):
    """No usable answer came back."""


class NotSent(TransportError):  # noqa: N818 -- it names what is known
    """The vendor surely did not process the request: refused, unresolved, no connection in time."""


class Ambiguous(TransportError):  # noqa: N818 -- the same
    """The vendor may have processed the request: the answer was late, cut short or garbled."""


class TimedOut(Ambiguous):
    """No whole answer came in time. Each of these holds up a connection for seconds."""


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
