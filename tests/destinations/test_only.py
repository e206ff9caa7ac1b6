"""Some events for some destinations: several sites, and bots on a dashboard of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Collector, Only, Plausible, is_local, request_at
from footfall.errors import ConfigError
from footfall.events.hit_report import HitReport
from footfall.model import Event, Response, Visitor
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.destinations.support import MATOMO, PAGEVIEW, UMAMI
from tests.support.trackers import visit

SHOP, BLOG, BOTS = (Plausible(domain=f"{name}.example.com") for name in ("shop", "blog", "bots"))


def delivered(destinations: list[Any], *visits: dict[str, Any], **options: Any) -> list[bytes]:
    transport = MemoryTransport()
    config = Config(destinations=destinations, transport=transport, **options)
    tracker = Tracker(config, environ={})
    for headers in visits:
        visit(tracker, headers=headers)
    assert tracker.flush(30)
    return [request.body for request in transport.requests]


def test_each_host_may_be_a_site_of_its_own() -> None:
    bodies = delivered(
        [Only(to=SHOP, hosts=["SHOP.example.com"]), Only(to=BLOG, hosts=["blog.example.com"])],
        {"Host": "shop.example.com"},
        {"Host": "blog.example.com:8443"},
        {"Host": "other.example.com"},
    )
    assert sorted(b'"domain":"shop' in body for body in bodies) == [False, True]


def test_bots_may_go_to_a_site_of_their_own() -> None:
    transport = MemoryTransport()
    destinations = [Only(to=SHOP, events=["pageview"]), Only(to=BOTS, events=["Bot Visit"])]
    config = Config(destinations=destinations, transport=transport, bots="event")
    tracker = Tracker(config, environ={})
    visit(tracker, headers={"User-Agent": "Mozilla/5.0 (compatible; GPTBot/1.2)"})
    visit(tracker)
    assert tracker.flush(30)
    bot, person = sorted(transport.requests, key=lambda request: b"pageview" in request.body)
    assert b'"domain":"bots.example.com"' in bot.body
    assert b'"bot":"GPTBot"' in bot.body
    assert b'"interactive":false' in bot.body
    # Vendors drop what a bot's own user agent sends.
    assert bot.headers["user-agent"] == ""
    assert b'"domain":"shop.example.com"' in person.body


def test_it_passes_everything_on_to_its_destination() -> None:
    only = Only(to=SHOP, hosts=["shop.example.com"], events=["pageview"])
    assert only.name == "plausible:shop.example.com for pageview, shop.example.com"
    assert only.endpoint == SHOP.endpoint
    assert (only.warnings, only.heartbeats) == (SHOP.warnings, False)
    assert only.read(Response(status=202)) == SHOP.read(Response(status=202))
    event = Event(url="https://shop.example.com/", visitor=Visitor())
    dropped = SHOP.read(Response(status=202, headers={"x-plausible-dropped": "1"}))
    why = only.why_dropped(dropped, event, has_kept=False)
    assert why == SHOP.why_dropped(dropped, event, has_kept=False)
    silent = Only(to=Collector(domain="example.com"), events=["Paid"])
    assert silent.why_dropped(dropped, event, has_kept=False) == dropped
    assert not is_local(only)


def test_the_reports_are_those_of_its_destination() -> None:
    collector = Collector(domain="example.com")
    report = HitReport(event=PAGEVIEW, is_tracked=False, reason="bot")
    only = Only(to=collector, hosts=["example.com"])

    assert only.watches
    assert only.report(report, sent_at=7.0) == collector.report(report, sent_at=7.0)


def test_the_batches_are_those_of_its_destination() -> None:
    collector = Collector(domain="example.com")
    only, requests = Only(to=collector, hosts=["example.com"]), [collector.request(PAGEVIEW)] * 2
    busy, older = Response(status=503), Response(status=404)

    assert only.max_batch == collector.max_batch > 1
    assert only.batch_request(requests) == collector.batch_request(requests)
    assert only.read_batch(busy, 2) == collector.read_batch(busy, 2)
    assert only.read_batch(older, 2) is None
    assert Only(to=SHOP, hosts=["example.com"]).max_batch == 1


def test_late_events_keep_their_time_where_its_destination_takes_one() -> None:
    event = replace(PAGEVIEW, time=7.0)
    only = Only(to=UMAMI, hosts=["example.com"])

    assert only.backdates
    assert request_at(only, event, 100.0) == UMAMI.late_request(event) != UMAMI.request(event)
    assert not Only(to=SHOP, hosts=["example.com"]).backdates
    assert request_at(Only(to=SHOP, hosts=["a.test"]), event, 100.0) == SHOP.request(event)


def test_its_secrets_are_those_of_its_destination() -> None:
    assert Only(to=MATOMO, hosts=["example.com"]).secrets == (MATOMO.token,)
    assert Only(to=SHOP, hosts=["example.com"]).secrets == ()


def test_an_invalid_url_has_no_host() -> None:
    only = Only(to=SHOP, hosts=["example.com"])
    assert not only.takes(Event(url="http://[", visitor=Visitor()))


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, ["events"]),
        ({"hosts": "example.com"}, ["hosts"]),
        ({"events": "pageview", "hosts": "example.com"}, ["events", "hosts"]),
    ],
)
def test_wrong_filters_are_start_up_errors(options: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Only(to=SHOP, **options)
    assert [fault.option for fault in caught.value.faults] == faults


def test_sampling_keeps_visitors_whole() -> None:
    transport = MemoryTransport()
    config = Config(destinations=[SHOP], transport=transport, sample_rate=0.25)
    tracker = Tracker(config, environ={})
    for number in range(200):
        for path in ("/first", "/second"):
            visit(tracker, path, peer=f"198.51.100.{number}")
    assert tracker.flush(10)
    by_visitor: dict[str, int] = {}
    for request in transport.requests:
        visitor = request.headers["x-forwarded-for"]
        by_visitor[visitor] = by_visitor.get(visitor, 0) + 1
    assert set(by_visitor.values()) == {2}
    assert 30 <= len(by_visitor) <= 75
    reasons = tracker.stats()["reasons"]
    assert reasons["navigation"] + reasons["sampled_out"] == 400
