"""The community's list of crawlers, for `is_bot`; `pip install "footfall[bots]"`.

    FootfallMiddleware(app, is_bot=crawlers.is_bot, ...)

It adds to footfall's own bot filter: a client that neither knows counts as a person. The package
crawler-user-agents (MIT) has a release each month; for a new crawler upgrade that, not footfall.
"""

from __future__ import annotations

from functools import lru_cache

import crawleruseragents

from footfall.model import Hit

__all__ = ["is_bot"]

# A search takes a quarter of a millisecond, and a day's visitors send a few thousand User-Agents.
_CACHE_SIZE = 4096
# Ten times what browsers send; every pattern of the list is tried at every character.
_MAX_LENGTH = 1_000


def is_bot(hit: Hit) -> bool | None:
    """True if the list has the hit's User-Agent, else None, so that the own filter decides."""
    return _is_listed(hit.headers.get("user-agent", "")[:_MAX_LENGTH]) or None


@lru_cache(maxsize=_CACHE_SIZE)
def _is_listed(user_agent: str) -> bool:
    return bool(crawleruseragents.is_crawler(user_agent))
