"""What one look at an option's value tells: kinds, choices, ranges."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from footfall.delivery import outbox
from footfall.delivery.transport import TRANSPORT_NAMES, why_not
from footfall.errors import Fault
from footfall.events.visitor_token import MIN_SECRET_CHARS

if TYPE_CHECKING:
    from footfall.config.config import Config

__all__ = ["CALLABLES", "NUMBERS", "SWITCHES", "WHOLE_NUMBERS", "checked"]

_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "anonymize_ip": (False, "truncate"),
    "prefetch": ("skip", "count", "refuse"),
    "bots": ("skip", "count", "event"),
    "mode": ("auto", "thread", "sync"),
    "outbox_mode": ("at_most_once", "at_least_once"),
}
SWITCHES: Final = (
    "enabled",
    "default_exclude",
    "track_404",
    "track_downloads",
    "track_iframes",
    "respect_dnt",
    "respect_gpc",
    "hide_path_secrets",
    "debug",
)
"""The options that are True or False."""

CALLABLES: Final = ("is_bot", "should_track", "before_send")
"""The options that are a function, beside `client_ip`, which its own room checks."""

# Above half an hour both vendors would open a second visit for a late event.
NUMBERS: Final[Mapping[str, tuple[float, float]]] = {
    "sample_rate": (0.0, 1.0),
    "max_queue": (1, 1_000_000),
    "max_age_seconds": (1, 1800),
    "max_connections": (1, 64),
    "timeout_seconds": (0.1, 60),
    "shutdown_timeout_seconds": (0, 60),
}
"""The lowest and the highest value of each option that is a number."""

WHOLE_NUMBERS: Final = ("max_queue", "max_connections")


def checked(config: Config) -> list[Fault]:
    """The faults of all options that can be judged one by one."""
    found = [
        *_wrong_choices(config),
        *_wrong_switches(config),
        *_wrong_callables(config),
        *_wrong_numbers(config),
        _outbox_fault(config),
        _track_localhost_fault(config.track_localhost),
        _transport_fault(config.transport),
        _secret_fault(config.token_secret),
    ]
    return [fault for fault in found if fault is not None]


def _wrong_choices(config: Config) -> Iterator[Fault]:
    for name, allowed in _CHOICES.items():
        value = getattr(config, name)
        if value not in allowed:
            yield Fault(name, value, f"write {' or '.join(map(repr, allowed))}")


def _wrong_switches(config: Config) -> Iterator[Fault]:
    for name in SWITCHES:
        value = getattr(config, name)
        if not isinstance(value, bool):
            yield Fault(name, value, "write True or False")


def _wrong_callables(config: Config) -> Iterator[Fault]:
    for name in CALLABLES:
        value = getattr(config, name)
        if value is not None and not callable(value):
            yield Fault(name, value, "give a function, or leave it out")


def _wrong_numbers(config: Config) -> Iterator[Fault]:
    for name, (low, high) in NUMBERS.items():
        value = getattr(config, name)
        if value is None and name == "max_age_seconds":
            continue
        kind = int if name in WHOLE_NUMBERS else int | float
        is_number = isinstance(value, kind) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            what = "a whole number" if name in WHOLE_NUMBERS else "a number"
            yield Fault(name, value, f"write {what} from {low:.7g} to {high:.7g}")


def _outbox_fault(config: Config) -> Fault | None:
    path: object = config.outbox
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        return Fault("outbox", path, "write the path of a file, such as /var/lib/app/outbox.db")
    if config.mode == "sync":
        return Fault("outbox", path, 'goes with mode="thread": "sync" leaves nothing to keep')
    if not outbox.IS_POSSIBLE:
        return Fault("outbox", path, "needs file locks that this system does not have")
    return None


def _track_localhost_fault(value: object) -> Fault | None:
    if value in (None, True, False):
        return None
    return Fault("track_localhost", value, "write True, False or None")


def _transport_fault(wish: object) -> Fault | None:
    if isinstance(wish, str) and wish in TRANSPORT_NAMES:
        remedy = why_not(wish)
        return Fault("transport", wish, remedy) if remedy else None
    if callable(getattr(wish, "send", None)):
        return None
    names = ", ".join(f'"{name}"' for name in TRANSPORT_NAMES)
    return Fault("transport", wish, f"write one of {names}, or give an object with send(request)")


def _secret_fault(secret: object) -> Fault | None:
    if secret is None or (isinstance(secret, str) and len(secret) >= MIN_SECRET_CHARS):
        return None
    remedy = f"write a random text of {MIN_SECRET_CHARS} characters or more"
    return Fault("token_secret", "(hidden)", remedy)
