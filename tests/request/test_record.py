"""A record becomes the same hit, whichever adapter made it."""

from __future__ import annotations

from hypothesis import given

from tests.support.adapters import Raw
from tests.support.records import ADAPTERS, REQUESTS, hit_at, record_of


@given(raw=REQUESTS)
def test_the_adapters_read_the_same_hit_from_the_same_odd_request(raw: Raw) -> None:
    by_asgi, by_wsgi = (hit_at(record_of(visit, raw), 0.0) for visit in ADAPTERS.values())
    assert by_asgi == by_wsgi
