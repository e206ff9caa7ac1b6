"""What a request itself says of being automated, whatever its User-Agent says.

- `Signature-Agent`, or a signature with the tag `web-bot-auth`: an agent that signs its requests
  (Web Bot Auth, draft-meunier-web-bot-auth-architecture-05). The signature is not verified, since
  people's browsers send none, and whoever forges one wants not to be counted.
- `Sec-CH-UA` that names HeadlessChrome, where a script has changed the User-Agent alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from footfall.model import Headers
from footfall.rules.bot_names import Bot
from footfall.rules.pageview.header_values import CACHE_SIZE, MAX_HEADER_CHARS

AUTOMATION_HEADERS: Final = frozenset({"signature-agent", "signature-input", "sec-ch-ua"})
"""The request headers that are read here."""

_HEADLESS: Final = Bot("HeadlessChrome", "headless")
# Agents by the host that publishes their keys. Others go by their host, and as most of those that
# sign with a browser's User-Agent, act for a person (2026-11).
_AGENTS: Final = {
    "chatgpt.com": Bot("ChatGPT Agent", "ai-assistant"),
    "agent.bot.goog": Bot("Google-Agent", "ai-assistant"),
}
_UNNAMED: Final = Bot("signed agent", "ai-assistant")
_TAG: Final = re.compile(r";\s*tag\s*=\s*\"web-bot-auth\"")
# A string, or in newer drafts a dictionary of strings: `sig1="https://agent.example"`.
_AGENT_HOST: Final = re.compile(r"\"(?:https?://)?([A-Za-z0-9.-]{1,60})[/:\"]")


def automation_of(headers: Headers) -> Bot | None:
    """The bot that the headers beside the User-Agent declare, or None. Never raises."""
    if "signature-agent" in headers or "signature-input" in headers:
        agent = headers.get("signature-agent", "")[:MAX_HEADER_CHARS]
        tag = headers.get("signature-input", "")[:MAX_HEADER_CHARS]
        if agent.strip() or _TAG.search(tag):
            return _agent_at(agent)
    brands = headers.get("sec-ch-ua", "")[:MAX_HEADER_CHARS]
    return _HEADLESS if "headless" in brands.lower() else None


@lru_cache(maxsize=CACHE_SIZE)
def _agent_at(text: str) -> Bot:
    found = _AGENT_HOST.search(text)
    if found is None:
        return _UNNAMED
    host = found[1].lower()
    return _AGENTS.get(host) or Bot(host, "ai-assistant")
