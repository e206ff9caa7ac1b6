"""A cache of decisions, since traffic repeats itself; it decides exactly as `decide` does.

A decision reads little of a hit: the kind of client, how it requested, the response, and of the
path which kind of file it names: the cache's key. A look-up takes a tenth of the rules' time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.model import Decision, Hit
from footfall.rules.bot_detection import Bot, classify
from footfall.rules.pageview.automation import AUTOMATION_HEADERS, automation_of
from footfall.rules.pageview.decide import decide
from footfall.rules.pageview.file_names import (
    extension_of,
    is_feed_name,
    is_static,
    is_well_known,
)
from footfall.rules.pageview.header_names import REQUEST_HEADERS
from footfall.rules.pageview.header_values import referring_host
from footfall.rules.pageview.options import DEFAULT_OPTIONS, PageviewOptions
from footfall.rules.pageview.reasons import API, DOWNLOAD, FEED, NOT_FOUND
from footfall.rules.referrer_spam import is_spam_host

# The different decisions of a site's traffic; each takes a few hundred bytes.
_MAX_ENTRIES: Final = 512
# The headers of two browsers. A longer key would let a client fill the memory.
_MAX_KEY_CHARS: Final = 1_000
# As many as `PathRules` caches.
_MAX_PATHS: Final = 1_024
_MAX_PATH_CHARS: Final = 256

# All that a decision reads, except those headers of which it reads one fact each, since they have
# many values: what `classify` and `automation_of` return, and whether the referrer is spam.
_KEY_HEADERS: Final = REQUEST_HEADERS - AUTOMATION_HEADERS - {"user-agent", "referer"}

_WITH_PATH: Final = frozenset({API, DOWNLOAD, FEED, NOT_FOUND})
"""The events whose props hold what their key does not."""

GetValues: TypeAlias = Callable[[Mapping[str, str]], Any]


@lru_cache(maxsize=_MAX_ENTRIES)
def _key_headers(names: tuple[str, ...]) -> tuple[tuple[str, ...], GetValues]:
    """Those of a request's header names that a decision reads, and a getter of their values."""
    in_key = tuple(name for name in names if name in _KEY_HEADERS)
    return in_key, itemgetter(*in_key) if in_key else lambda headers: None


class _PathFacts(NamedTuple):
    """What decisions read of a path: which kind of file it names, and the rule that excludes it."""

    is_download: bool
    is_well_known: bool
    is_static: bool
    is_feed_name: bool
    is_api: bool
    excluded_by: str | None


class DecisionCache:
    """Decides as `decide` does, without the steps.

    Not cached are hits with long headers, decisions that hold the path, and any decision where a
    function of the site owner may read more of the hit than its path.

    Args:
        options: What the site owner wants counted.
        reads_paths_alone: True if `options.excluded_by` and `is_api` read nothing but the path.
    """

    def __init__(
        self, options: PageviewOptions = DEFAULT_OPTIONS, *, reads_paths_alone: bool = False
    ) -> None:
        self._options = options
        is_pure = reads_paths_alone or (options.excluded_by is None and options.is_api is None)
        self._is_cacheable = is_pure and options.is_bot is None
        self._cache: dict[tuple[object, ...], Decision] = {}
        self._cached_path_facts = lru_cache(maxsize=_MAX_PATHS)(self._path_facts)

    def decide(self, hit: Hit, host: str) -> Decision:
        """Decide about a hit. Never raises.

        Args:
            hit: Whatever a client sent.
            host: The host that the visitor sees, in place of `hit.host`.

        Returns:
            The decision of `decide`, without steps.
        """
        if not self._is_cacheable:
            return self._decide(hit, host)
        headers, path = hit.headers, hit.path
        names, values_of = _key_headers(tuple(headers))
        is_short = len(path) <= _MAX_PATH_CHARS
        key = (
            names,
            values_of(headers),
            tuple(hit.response_headers.items()),
            classify(headers.get("user-agent", "")),
            automation_of(headers),
            is_spam_host(referring_host(hit)) if "referer" in headers else False,
            host,
            hit.status,
            hit.method,
            hit.ignored,
            self._cached_path_facts(path) if is_short else self._path_facts(path),
        )
        cached = self._cache.get(key)
        return self._decide_and_cache(key, hit, host) if cached is None else cached

    def _path_facts(self, path: str) -> _PathFacts:
        options = self._options
        return _PathFacts(
            extension_of(path) in options.download_extensions,
            is_well_known(path),
            is_static(path),
            options.track_feeds and is_feed_name(path),
            options.is_api is not None and options.is_api(Hit(path=path)),
            options.excluded_by(Hit(path=path)) if options.excluded_by is not None else None,
        )

    def _decide(self, hit: Hit, host: str) -> Decision:
        public = hit if host == hit.host else replace(hit, host=host)
        return replace(decide(public, self._options), steps=())

    def _decide_and_cache(self, key: tuple[object, ...], hit: Hit, host: str) -> Decision:
        decision = self._decide(hit, host)
        holds_path = decision.name in _WITH_PATH
        if not holds_path and _chars_in(key) <= _MAX_KEY_CHARS:
            if len(self._cache) >= _MAX_ENTRIES:
                self._cache.clear()
            self._cache[key] = decision
        return decision


def _chars_in(key: object) -> int:
    """How many characters a key keeps in memory."""
    if isinstance(key, str):
        return len(key)
    if isinstance(key, _PathFacts | Bot):
        return 0
    return sum(map(_chars_in, key)) if isinstance(key, tuple) else 0
