"""Whether a host is known for referrer spam. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from footfall.rules.spam_hosts import SPAM_HOSTS

# The traffic of a site has few different referring hosts.
_CACHE_SIZE: Final = 512
# A name in DNS is no longer; no host of the list has more labels.
_MAX_HOST_CHARS: Final = 253
_LABELS: Final = 6


def is_spam_host(host: str) -> bool:
    """True if a host, or a domain that it belongs to, is known for referrer spam.

    Args:
        host: Any text; a host in any case, without a port.
    """
    return len(host) <= _MAX_HOST_CHARS and _is_listed(host)


@lru_cache(maxsize=_CACHE_SIZE)
def _is_listed(host: str) -> bool:
    labels = host.lower().rstrip(".").split(".")[-_LABELS:]
    return any(".".join(labels[start:]) in SPAM_HOSTS for start in range(len(labels) - 1))
