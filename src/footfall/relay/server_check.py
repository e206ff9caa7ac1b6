"""Whether a server is fit to hold a queue, and what about it may lose events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from redis import Redis

# XAUTOCLAIM, and XTRIM by id.
OLDEST_VERSION: Final = (6, 2)
# Of the memory that the server may use.
MAX_SHARE: Final = 0.8
# The relay corrects it; a vendor's own time is as wrong as the clock.
MAX_SKEW_SECONDS: Final = 2.0


class Finding(NamedTuple):
    """One thing that was looked at."""

    is_fault: bool
    """True where a queue cannot work, so that a relay does not start."""
    is_warning: bool
    text: str


def check_server(client: Redis) -> list[Finding]:
    """Look at a server's version, eviction, persistence, memory and clock.

    Raises:
        redis.exceptions.RedisError: the server cannot be reached, or refuses `INFO`.
    """
    info: Any = client.info()
    seconds, microseconds = client.time()
    return [
        _version(info),
        _eviction(info),
        _persistence(info),
        *_memory(info),
        _clock(time.time() - seconds - microseconds / 1e6),
    ]


def _fine(text: str) -> Finding:
    return Finding(is_fault=False, is_warning=False, text=text)


def _warning(text: str) -> Finding:
    return Finding(is_fault=False, is_warning=True, text=text)


def _fault(text: str) -> Finding:
    return Finding(is_fault=True, is_warning=True, text=text)


def _version(info: dict[str, Any]) -> Finding:
    # Valkey tells the version of Redis that it is compatible with, beside its own.
    shown = info.get("valkey_version") or info["redis_version"]
    name = "Valkey" if "valkey_version" in info else "Redis"
    parts = [int(part) for part in str(info["redis_version"]).split(".")[:2] if part.isdigit()]
    if tuple(parts) < OLDEST_VERSION:
        return _fault(f"version: {name} {shown} is too old; it takes Redis 6.2 or later, or Valkey")
    return _fine(f"version: {name} {shown}")


def _eviction(info: dict[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "unknown"))
    if policy.startswith("allkeys"):
        return _fault(
            f"eviction: maxmemory-policy is {policy}, so a full server deletes the whole queue; "
            "set noeviction, or use another server than the cache's"
        )
    if policy.startswith("volatile"):
        return _warning(
            f"eviction: maxmemory-policy is {policy}, and the queue has an expiry, so a full "
            "server may delete it; noeviction is better"
        )
    return _fine(f"eviction: {policy}")


def _persistence(info: dict[str, Any]) -> Finding:
    if info.get("aof_enabled"):
        return _fine("persistence: appendonly")
    return _warning(
        "persistence: no appendonly file, so what waits is lost when the server is killed; set "
        "appendonly yes if that matters"
    )


def _memory(info: dict[str, Any]) -> Iterator[Finding]:
    used, most = int(info["used_memory"]), int(info.get("maxmemory", 0))
    if not most:
        yield _fine(f"memory: {used / 1e6:,.0f} MB are used, without a limit")
        return
    text = f"memory: {used / 1e6:,.0f} of {most / 1e6:,.0f} MB are used"
    yield _warning(f"{text}; little is left") if used > MAX_SHARE * most else _fine(text)


def _clock(ahead: float) -> Finding:
    text = f"clock: this machine is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > MAX_SKEW_SECONDS:
        return _warning(f"{text}; ages are corrected, but synchronise the clocks")
    return _fine(text)
