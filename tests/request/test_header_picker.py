"""The picker finds the headers that matter in any environ."""

from __future__ import annotations

import io

from hypothesis import given

from footfall import wsgi
from footfall.request.record import hit_of
from tests.support.adapters import Raw
from tests.support.records import REQUESTS, hit_at, quiet_tracker, visit_by_wsgi, wsgi_page


@given(first=REQUESTS, second=REQUESTS)
def test_no_request_changes_what_is_picked_of_the_next(first: Raw, second: Raw) -> None:
    tracker, fresh = quiet_tracker(), quiet_tracker()
    visit_by_wsgi(tracker, first)
    visit_by_wsgi(tracker, second)
    visit_by_wsgi(fresh, second)
    tracker._inbox.take()
    again, alone = (each._inbox.take() for each in (tracker, fresh))
    assert isinstance(again, tuple)
    assert isinstance(alone, tuple)
    assert hit_at(again, 0.0) == hit_at(alone, 0.0)


def test_an_environ_with_a_single_name_that_matters_is_a_hit() -> None:
    tracker = quiet_tracker()
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    wrapped = wsgi.FootfallMiddleware(wsgi_page, tracker=tracker)
    wrapped(environ, lambda *_: lambda _: None)
    record = tracker._inbox.take()
    assert isinstance(record, tuple)
    assert hit_of(record, 0.0).path == "/"
