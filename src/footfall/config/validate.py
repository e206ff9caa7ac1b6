"""What can be checked of each option's value by itself: kinds, choices, bounds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from footfall.config.declare import Option
from footfall.delivery import outbox
from footfall.delivery.transport import TRANSPORT_NAMES, why_unavailable
from footfall.errors import Fault
from footfall.events.visitor_token import MIN_SECRET_CHARS

_Values: TypeAlias = Mapping[str, Any]


def validate(values: _Values, options: Iterable[Option]) -> list[Fault]:
    """The faults of all options that can be checked one by one.

    Args:
        values: The value of every option, by its name.
        options: The options, in the order in which their faults are reported.
    """
    found = [_fault(option, values) for option in options if option.is_validated]
    return [fault for fault in found if fault is not None]


def _fault(option: Option, values: _Values) -> Fault | None:
    check = _OWN_CHECKS.get(option.name)
    if check is not None:
        return check(values)
    value = values[option.name]
    remedy = _remedy(option, value)
    return Fault(option.name, value, remedy) if remedy else None


def _remedy(option: Option, value: object) -> str | None:
    """What to write instead of a value, by the option's kind; None if the value is right."""
    match option.kind:
        case "choice" if value not in option.choices:
            return f"write {' or '.join(map(repr, option.choices))}"
        case "switch" if option.is_optional and value not in (None, True, False):
            return "write True, False or None"
        case "switch" if not option.is_optional and not isinstance(value, bool):
            return "write True or False"
        case "function" if value is not None and not callable(value):
            return "give a function, or leave it out"
        case "number" | "whole number" if not _is_in_bounds(option, value):
            return f"write a {option.kind} from {option.low:.7g} to {option.high:.7g}"
    return None


def _is_in_bounds(option: Option, value: object) -> bool:
    if value is None:
        return option.is_optional
    types = int if option.kind == "whole number" else int | float
    if not isinstance(value, types) or isinstance(value, bool):
        return False
    return option.low <= value <= option.high


# -- options that need more --------------------------------------------------------------------


def _outbox_fault(values: _Values) -> Fault | None:
    path: object = values["outbox"]
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        return Fault("outbox", path, "write the path of a file, such as /var/lib/app/outbox.db")
    if values["mode"] == "sync":
        return Fault("outbox", path, 'goes with mode="thread": "sync" leaves nothing to keep')
    if not outbox.IS_POSSIBLE:
        return Fault("outbox", path, "needs file locks that this system does not have")
    return None


def _transport_fault(values: _Values) -> Fault | None:
    transport: object = values["transport"]
    if isinstance(transport, str) and transport in TRANSPORT_NAMES:
        remedy = why_unavailable(transport)
        return Fault("transport", transport, remedy) if remedy else None
    if callable(getattr(transport, "send", None)):
        return None
    names = ", ".join(f'"{name}"' for name in TRANSPORT_NAMES)
    remedy = f"write one of {names}, or give an object with send(request)"
    return Fault("transport", transport, remedy)


def _secret_fault(values: _Values) -> Fault | None:
    secret: object = values["token_secret"]
    if secret is None or (isinstance(secret, str) and len(secret) >= MIN_SECRET_CHARS):
        return None
    remedy = f"write a random text of {MIN_SECRET_CHARS} characters or more"
    return Fault("token_secret", "(hidden)", remedy)


_OWN_CHECKS: Final[Mapping[str, Callable[[_Values], Fault | None]]] = {
    "outbox": _outbox_fault,
    "transport": _transport_fault,
    "token_secret": _secret_fault,
}
