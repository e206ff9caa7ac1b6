"""The community's list of crawlers, for `is_bot`; `pip install "footfall[bots]"`.

    FootfallMiddleware(app, is_bot=crawlers.is_bot, ...)

It adds to footfall's own bot filter: a client that neither knows counts as a person. The package
crawler-user-agents (MIT) has a release each month; for a new crawler upgrade that, not footfall.

Some of its patterns are words that browsers and phones have, too. Those that match a person's
browser are left out when this module is imported, and `dropped_patterns` names them. What is a
bot's behind such a word, as in `Sogou web spider`, the own filter knows by its form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import crawleruseragents

from footfall.model import Hit
from footfall.rules.bot_detection import without_model

__all__ = ["dropped_patterns", "is_bot"]

# A search takes a quarter of a millisecond, and a day's visitors send a few thousand User-Agents.
_CACHE_SIZE = 4096
# Ten times what browsers send; every pattern of the list is tried at every character.
_MAX_LENGTH = 1_000
# So many patterns in one expression, as the package has them: the search is fastest so.
_CHUNK = 25

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
_WEBVIEW = (
    "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.0.0 Mobile Safari/537.36"
)
_PHONE = f"Mozilla/5.0 (Linux; Android 15; X1 Build/{{}}; wv) {_WEBVIEW}"
_DESKTOP = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}"

# Browsers, apps and phones that release 1.67.0 of the list has convicted, and ordinary ones.
_PEOPLE = (
    _DESKTOP,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    # The builds of Android 13, 14 and 15 that most phones have.
    _PHONE.format("TP1A.220624.014"),
    _PHONE.format("UP1A.231005.007"),
    _PHONE.format("AP3A.240617.008"),
    f"{_PHONE.format('BP2A.250605.031')} MetaIAB Facebook",
    f"{_PHONE.format('BP2A.250605.031')} [FB_IAB/FB4A;FBAV/480.0.0.54.88;] Instagram 361.0.0.46.88",
    "Mozilla/5.0 (Linux; U; Android 4.3; en-us; ViewSonic A8 Build/JLS36C) AppleWebKit/534.30",
    "Mozilla/5.0 (Linux; U; Android 4.1.1; HTC_Butterfly Build/JRO03C) AppleWebKit/534.30",
    "Mozilla/5.0 (Linux; Android 8.1.0; Fever_Plus) AppleWebKit/537.36",
    "Mozilla/5.0 (Linux; Android 8.0.0; Expanse) AppleWebKit/537.36",
    "sprd-L008/1.0 Linux/2.6.35.7 Android/2.3.5 Browser/AppleWebKit533.1 (KHTML, like Gecko)",
    f"{_PHONE.format('PQ3A.190505.002')} SogouMSE,SogouMobileBrowser/5.22",
    f"Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 coccocbrowser/47.0 {_CHROME}",
    f"{_DESKTOP} Viber",
    f"{_DESKTOP} WhatsApp/2.24",
    f"{_DESKTOP} Slack/4.41 Electron/33.2",
    # Editors show pages in a browser of their own.
    f"{_DESKTOP} Code/1.115.0 Electron/39.8",
    f"{_DESKTOP} Cursor/3.0.12 Electron/39.8",
    f"{_DESKTOP} Trae/1.107.1 Electron/39.2",
    f"{_DESKTOP} Fluid/0.9.6",
)


def is_bot(hit: Hit) -> bool | None:
    """True if the list has the hit's User-Agent, else None, so that the own filter decides."""
    return _is_listed(hit.headers.get("user-agent", "")[:_MAX_LENGTH]) or None


def dropped_patterns() -> tuple[str, ...]:
    """The patterns of the list that are not used, since they match a person's browser."""
    return _DROPPED


@lru_cache(maxsize=_CACHE_SIZE)
def _is_listed(user_agent: str) -> bool:
    text = without_model(user_agent)
    return any(chunk.search(text) for chunk in _CHUNKS)


def _compiled(patterns: Sequence[str]) -> tuple[list[re.Pattern[str]], tuple[str, ...]]:
    """The patterns in a few expressions, and those among them that match a person's browser."""
    chunks, dropped = [], list[str]()
    for start in range(0, len(patterns), _CHUNK):
        part = patterns[start : start + _CHUNK]
        chunk = re.compile("|".join(part))
        # Most chunks match nobody, and each pattern by itself would take half a second to compile.
        if any(map(chunk.search, _PEOPLE)):
            wrong = [each for each in part if any(map(re.compile(each).search, _PEOPLE))]
            dropped += wrong
            kept = [each for each in part if each not in wrong]
            # An empty expression would match everybody.
            chunk = re.compile("|".join(kept) or "(?!)")
        chunks.append(chunk)
    return chunks, tuple(dropped)


_CHUNKS, _DROPPED = _compiled(
    [entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA]
)
