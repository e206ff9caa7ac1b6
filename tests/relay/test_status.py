"""The account of a queue adds up at any moment."""

from __future__ import annotations

import pytest

from tests.relay.queues import account, destination, pages, put, queue_at, relay
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import vendor

pytestmark = pytest.mark.server("redis-server")

ACCEPTING = vendors.answering(vendors.answer())


def test_a_relay_that_is_gone_has_lost_what_it_had_taken(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_at(server)
    put(queue, pages(range(100)), pack=10)
    with (
        vendor(vendors.hanging) as plausible,
        relay(queue, destination(plausible), connections=2) as found,
    ):
        found.step()
        assert account(server) == {"in_flight": 10, "waiting": 90}
        monkeypatch.setattr("footfall.relay.status.GONE_SECONDS", -1.0)
        assert account(server) == {"lost": 10, "waiting": 90}
        monkeypatch.setattr("footfall.relay.stream_source.FORGET_SECONDS", -2.0)
        monkeypatch.setattr("footfall.relay.stream_source.GONE_SECONDS", -1.0)
        [*found._source.purge()]
        assert account(server) == {"lost": 10, "waiting": 90}
