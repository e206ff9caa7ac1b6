"""libcurl's multi interface, driven by one thread."""

from __future__ import annotations

import threading
import time

import pytest

from footfall.delivery.transport import curl_multi
from footfall.delivery.transport.curl_handle import CurlOptions
from footfall.delivery.transport.curl_multi import CurlMulti
from footfall.errors import NotSent, TimedOut
from footfall.model import Request, Response
from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.vendors import unused_port, vendor

pytest.importorskip("pycurl")

OPTIONS = CurlOptions(timeout=30.0, connect_timeout=10.0, idle=4.0)


@pytest.fixture
def multi() -> CurlMulti:
    return CurlMulti()


def exchange(
    multi: CurlMulti, *requests: Request, options: CurlOptions = OPTIONS
) -> list[Response | Exception]:
    """What becomes of these requests, all at once."""
    ended: list[Response | Exception] = []
    for request in requests:
        multi.start(request, options, lambda result, _: ended.append(result))
    while len(ended) < len(requests):
        multi.run(10.0)
    return ended


def test_exchanges_run_side_by_side(multi: CurlMulti) -> None:
    with vendor(vendors.slow(0.3, vendors.answer())) as server:
        began = time.monotonic()
        found = exchange(multi, *[request_to(server.url)] * 20)
        assert [each.status for each in found if isinstance(each, Response)] == [202] * 20
        assert time.monotonic() - began < 20 * 0.3
        assert server.connections == 20


def test_a_host_gets_no_more_connections_than_allowed(multi: CurlMulti) -> None:
    multi.allow_connections(3)
    multi.allow_connections(2)
    with vendor(vendors.slow(0.02, vendors.answer())) as server:
        assert len(exchange(multi, *[request_to(server.url)] * 20)) == 20
        assert server.connections == 3


def test_many_connections_are_used_again(multi: CurlMulti) -> None:
    multi.allow_connections(80)
    with vendor(vendors.slow(0.05, vendors.answer())) as server:
        for _ in range(3):
            assert len(exchange(multi, *[request_to(server.url)] * 80)) == 80
        assert server.connections <= 80


def test_each_exchange_ends_by_itself(multi: CurlMulti) -> None:
    quick = CurlOptions(timeout=0.3, connect_timeout=0.3, idle=4.0)
    with vendor(vendors.hanging) as server:
        refused = request_to(f"http://127.0.0.1:{unused_port()}")
        found = exchange(multi, request_to(server.url), refused, options=quick)
    assert [type(each) for each in found] == [NotSent, TimedOut]


def test_another_thread_wakes_it(multi: CurlMulti) -> None:
    threading.Timer(0.1, multi.wake).start()
    began = time.monotonic()
    multi.run(50.0)
    assert time.monotonic() - began < 40.0


def test_what_is_no_http_is_refused_and_harms_no_other(multi: CurlMulti) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        bad = Request(url=server.url, headers={"x": "a\nb"}, body=b"")
        with pytest.raises(ValueError, match="line break"):
            multi.start(bad, OPTIONS, lambda *_: None)
        [found] = exchange(multi, request_to(server.url))
    assert isinstance(found, Response)


@pytest.mark.parametrize("how", ["close_idle", "is_stale"])
def test_connections_are_closed_and_the_next_exchange_has_another(
    multi: CurlMulti, how: str
) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for _ in range(2):
            exchange(multi, request_to(server.url))
        assert server.connections == 1
        if how == "close_idle":
            multi.close_idle()
        multi.is_stale = True
        exchange(multi, request_to(server.url))
        assert server.connections == 2


def test_running_exchanges_end_on_the_connections_that_are_left(multi: CurlMulti) -> None:
    ended: list[Response | Exception] = []
    with vendor(vendors.slow(0.2, vendors.answer())) as server:
        multi.start(request_to(server.url), OPTIONS, lambda result, _: ended.append(result))
        multi.run(0.05)
        multi.close_idle()
        [found] = exchange(multi, request_to(server.url))
        while not ended:
            multi.run(10.0)
    assert isinstance(found, Response)
    assert isinstance(ended[0], Response)
    assert not multi._retired


def test_few_handles_are_kept(multi: CurlMulti, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curl_multi, "MAX_IDLE_HANDLES", 4)
    with vendor(vendors.answering(vendors.answer())) as server:
        for number in range(10):
            exchange(multi, request_to(f"{server.url}/{number}"))
        assert sum(map(len, multi._idle.values())) == 4


def test_closing_gives_up_what_is_running(multi: CurlMulti) -> None:
    ended: list[tuple[Response | Exception, bool]] = []
    with vendor(vendors.hanging) as server:
        multi.start(request_to(server.url), OPTIONS, lambda *result: ended.append(result))
        multi.run(0.05)
        assert not multi.is_idle
        multi.close()
        multi.wake()
    [(result, _)] = ended
    assert isinstance(result, NotSent)
