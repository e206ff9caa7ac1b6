"""Query parameters of a request, read and validated.

An invalid value raises an `HTTPException` 400 with a sentence that says how to write it.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from footfall.collector.storage.stored_events import PERIODS, Period

# More than any id or number in the database.
_MAX_NUMBER = 2**62


def period(request: Request, default: Period = "day") -> Period:
    """The parameter `period`."""
    value = request.query_params.get("period", default)
    named: dict[str, Period] = {each: each for each in PERIODS}
    if value not in named:
        raise HTTPException(400, f"period must be one of {', '.join(PERIODS)}")
    return named[value]


def domain(request: Request) -> str | None:
    """The parameter `domain`; None for all sites."""
    return request.query_params.get("domain") or None


def integer(request: Request, name: str, default: int) -> int:
    """A whole number, zero or more."""
    return parse_integer(name, request.query_params.get(name, str(default)))


def parse_integer(name: str, text: str) -> int:
    """A text as a whole number; `name` is the parameter's, for the error."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(_MAX_NUMBER)):
        raise HTTPException(400, f"{name} must be a whole number")
    return min(int(text), _MAX_NUMBER)


def seconds(request: Request, name: str, default: float) -> float:
    """A number of seconds, zero or more."""
    try:
        found = float(request.query_params.get(name, default))
    except ValueError:
        found = -1.0
    # Refuses NaN, too.
    if not found >= 0:
        raise HTTPException(400, f"{name} must be a number of seconds")
    return found
