"""The community's list of crawlers, for `is_bot`; `pip install "footfall[bots]"`.

    FootfallMiddleware(app, is_bot=crawlers.is_bot, ...)

It is asked beside the own filter, never instead: what neither knows counts as a person. The package
crawler-user-agents (MIT) has a release a month, so that a new crawler needs an upgrade of that and
not of footfall.
"""

from __future__ import annotations

from functools import lru_cache

import crawleruseragents

from footfall.model import Hit

__all__ = ["is_bot"]

# A look takes a quarter of a millisecond, and the same few thousand browsers come all day.
_CACHE_SIZE = 4096
# Browsers send a tenth of it; every pattern of the list is tried on every character.
_MAX_LENGTH = 1_000


def is_bot(hit: Hit) -> bool | None:
    """True if the list knows the hit's User-Agent, else None: let the own filter say."""
    return _is_listed(hit.headers.get("user-agent", "")[:_MAX_LENGTH]) or None


@lru_cache(maxsize=_CACHE_SIZE)
def _is_listed(user_agent: str) -> bool:
    return bool(crawleruseragents.is_crawler(user_agent))
