"""Decisions in a hurry: the same as `decide` makes, remembered, since traffic repeats itself.

A decision reads little of a hit: what kind of client it is, how it asked, what it was answered. All
of that is the key under which the decision is kept, and of the path what kind of file it names. A
key is looked up in a tenth of the time in which the rules are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.model import Decision, Hit
from footfall.rules.pageview.decide import decide
from footfall.rules.pageview.file_names import extension_of, is_static, is_well_known
from footfall.rules.pageview.header_names import REQUEST_HEADERS
from footfall.rules.pageview.options import DEFAULT_OPTIONS, PageviewOptions
from footfall.rules.pageview.reasons import DOWNLOAD, NOT_FOUND
from footfall.rules.user_agent import Bot, classify

# Of a site's traffic; each is a few hundred bytes.
_MAX_KNOWN: Final = 512
# Two browsers' worth of text. A longer key would let a client fill the memory.
_MAX_KEY_CHARS: Final = 1_000
# As much as `PathRules` remembers.
_MAX_PATHS: Final = 1_024
_MAX_PATH_CHARS: Final = 256

# All that a decision looks at, but for the User-Agent, of which it reads what `classify` says.
_DECISIVE: Final = REQUEST_HEADERS - {"user-agent"}

Values: TypeAlias = Callable[[Mapping[str, str]], Any]


class _Shape(NamedTuple):
    """The decisive ones among the headers of a request, by name, and how their values are got."""

    names: tuple[str, ...]
    values: Values


@lru_cache(maxsize=_MAX_KNOWN)
def _shape(names: tuple[str, ...]) -> _Shape:
    decisive = tuple(name for name in names if name in _DECISIVE)
    return _Shape(decisive, itemgetter(*decisive) if decisive else _nothing)


def _nothing(_headers: Mapping[str, str]) -> None:
    return None


class _File(NamedTuple):
    """What kind of file a path names, as far as decisions care."""

    is_download: bool
    is_well_known: bool
    is_static: bool


def _file(path: str, downloads: frozenset[str]) -> _File:
    return _File(extension_of(path) in downloads, is_well_known(path), is_static(path))


_known_file = lru_cache(maxsize=_MAX_PATHS)(_file)


class DecisionCache:
    """Decides as `decide` does, without the steps.

    Nothing is remembered of long headers, nor a decision that holds the path. Where a function of
    the owner's has a say that goes beyond the path, every hit is decided anew.

    Args:
        options: What the owner wants counted.
        reads_paths_alone: True if nothing but the path matters to `options.excluded_by`.
    """

    def __init__(
        self, options: PageviewOptions = DEFAULT_OPTIONS, *, reads_paths_alone: bool = False
    ) -> None:
        self._options = options
        is_pure = options.excluded_by is None or reads_paths_alone
        self._remembers = is_pure and options.is_bot is None
        self._known: dict[tuple[object, ...], Decision] = {}

    def decide(self, hit: Hit, host: str) -> Decision:
        """What this hit is, and why; `host` is the one that its visitor sees."""
        if not self._remembers:
            return self._decided(hit, host)
        options, headers, path = self._options, hit.headers, hit.path
        shape = _shape(tuple(headers))
        file = _known_file if len(path) <= _MAX_PATH_CHARS else _file
        key = (
            shape.names,
            shape.values(headers),
            tuple(hit.response_headers.items()),
            classify(headers.get("user-agent", "")),
            host,
            hit.status,
            hit.method,
            hit.ignored,
            file(path, options.download_extensions),
            options.excluded_by(hit) if options.excluded_by is not None else None,
        )
        known = self._known.get(key)
        return self._learned(key, hit, host) if known is None else known

    def _decided(self, hit: Hit, host: str) -> Decision:
        seen = hit if host == hit.host else replace(hit, host=host)
        return replace(decide(seen, self._options), steps=())

    def _learned(self, key: tuple[object, ...], hit: Hit, host: str) -> Decision:
        decision = self._decided(hit, host)
        holds_path = decision.name in (DOWNLOAD, NOT_FOUND)
        if not holds_path and _chars(key) <= _MAX_KEY_CHARS:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = decision
        return decision


def _chars(key: object) -> int:
    """How much text a key holds."""
    if isinstance(key, str):
        return len(key)
    if isinstance(key, _File | Bot):
        return 0
    return sum(map(_chars, key)) if isinstance(key, tuple) else 0
