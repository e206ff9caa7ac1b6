"""Limits of the Sites API: lengths of texts, the size of the registry, pages of a list."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException

from footfall.collector.api.plausible.request_params import RequestParams
from footfall.collector.storage.sites import MAX_ENTRIES, LimitReachedError, NameTakenError

MAX_TEXT: Final = 255
"""The most characters of a display name."""

_DEFAULT_LIMIT: Final = 100

T = TypeVar("T")


def checked_length(name: str, text: str, most: int) -> str:
    """The text.

    Raises:
        HTTPException: 400, it has more than `most` characters.
    """
    if len(text) > most:
        raise HTTPException(400, f"{name}: should be at most {most} character(s)")
    return text


@contextlib.contextmanager
def registry_errors_as_400() -> Iterator[None]:
    """Turn into an `HTTPException` 400 that the registry is full, or has the name already."""
    try:
        yield
    except LimitReachedError:
        raise HTTPException(400, f"There are {MAX_ENTRIES} of them already") from None
    except NameTakenError:
        raise HTTPException(400, "display_name: has already been taken") from None


def page(
    params: RequestParams, items: Sequence[T], cursor: Callable[[T], str]
) -> tuple[Sequence[T], Mapping[str, Any]]:
    """The requested page of a list.

    Returns:
        Its items; and `after` and `before`, the cursors of the pages around it, which are None
        where there is no such page, with `limit`, the most items of a page.
    """
    limit = params.number("limit", _DEFAULT_LIMIT, MAX_ENTRIES)
    cursors = [cursor(each) for each in items]
    start = 0
    if params.text("after") in cursors:
        start = cursors.index(params.text("after")) + 1
    elif params.text("before") in cursors:
        start = max(cursors.index(params.text("before")) - limit, 0)
    shown = slice(start, start + limit)
    meta = {
        "after": cursors[shown][-1] if start + limit < len(items) else None,
        "before": cursors[start] if 0 < start < len(items) else None,
        "limit": limit,
    }
    return items[shown], meta
