"""What a request asks: the values of its query, read and checked.

Whatever cannot be read is answered 400 with a sentence that says how to write it.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from footfall.collector.storage.stored_events import PERIODS, Period

# Whoever asks for more than this many waits for something else.
_MAX_NUMBER = 2**62


def period(request: Request, default: Period = "day") -> Period:
    """The period that is asked about."""
    said = request.query_params.get("period", default)
    named: dict[str, Period] = {each: each for each in PERIODS}
    if said not in named:
        raise HTTPException(400, f"period must be one of {', '.join(PERIODS)}")
    return named[said]


def domain(request: Request) -> str | None:
    """The site that is asked about, None for all of them."""
    return request.query_params.get("domain") or None


def integer(request: Request, name: str, default: int) -> int:
    """A whole number, zero or more."""
    return parse_integer(name, request.query_params.get(name, str(default)))


def parse_integer(name: str, text: str) -> int:
    """The whole number that a text is; `name` is what the sender knows it by."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(_MAX_NUMBER)):
        raise HTTPException(400, f"{name} must be a whole number")
    return min(int(text), _MAX_NUMBER)


def seconds(request: Request, name: str, default: float) -> float:
    """A number of seconds, zero or more."""
    try:
        found = float(request.query_params.get(name, default))
    except ValueError:
        found = -1.0
    # Not a number is neither.
    if not found >= 0:
        raise HTTPException(400, f"{name} must be a number of seconds")
    return found
