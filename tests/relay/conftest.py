"""A Redis server for each module, empty for each test."""

from __future__ import annotations

from tests.support.redis_server import server, shared_server

__all__ = ["server", "shared_server"]
