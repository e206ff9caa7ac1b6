"""What fits into the registry, and how much of a list one answer shows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException

from footfall.collector.api.plausible.request_params import RequestParams
from footfall.collector.storage.sites import MAX_ENTRIES, LimitReachedError, NameTakenError

MAX_TEXT: Final = 255
"""The most characters of a name for people."""

_DEFAULT_LIMIT: Final = 100

T = TypeVar("T")


def short_enough(name: str, text: str, most: int) -> str:
    """The text, unless it is too long for what it names."""
    if len(text) > most:
        raise HTTPException(400, f"{name}: should be at most {most} character(s)")
    return text


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Say so where the registry cannot take one more, or takes a name once."""
    try:
        yield
    except LimitReachedError:
        raise HTTPException(400, f"There are {MAX_ENTRIES} of them already") from None
    except NameTakenError:
        raise HTTPException(400, "display_name: has already been taken") from None


def page(
    asked: RequestParams, found: Sequence[T], cursor: Callable[[T], str]
) -> tuple[Sequence[T], Mapping[str, Any]]:
    """The part of a list that was asked for, and the cursors of its neighbours."""
    limit = asked.number("limit", _DEFAULT_LIMIT, MAX_ENTRIES)
    cursors = [cursor(each) for each in found]
    start = 0
    if asked.text("after") in cursors:
        start = cursors.index(asked.text("after")) + 1
    elif asked.text("before") in cursors:
        start = max(cursors.index(asked.text("before")) - limit, 0)
    shown = slice(start, start + limit)
    meta = {
        "after": cursors[shown][-1] if start + limit < len(found) else None,
        "before": cursors[start] if 0 < start < len(found) else None,
        "limit": limit,
    }
    return found[shown], meta
