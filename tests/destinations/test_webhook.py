"""Any endpoint: the body that a function makes of an event, and a custom vendor in one class."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Webhook
from footfall.errors import ConfigError
from footfall.model import (
    ACCEPTED,
    PAGEVIEW,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Visitor,
)
from footfall.tracker import Tracker
from tests.support import vendors
from tests.support.adapters import CHROME
from tests.support.trackers import visit
from tests.support.vendors import vendor

EVENT = Event(url="https://example.com/köln", visitor=Visitor(client_ip="203.0.113.7"))
DEFAULTS: dict[str, Any] = {"url": "https://example.com/", "body": lambda event: b""}
JSON = {"content-type": "application/json", "user-agent": "footfall"}


@pytest.mark.parametrize(
    ("result", "body"),
    [
        pytest.param(
            {"page": EVENT.url}, '{"page":"https://example.com/köln"}'.encode(), id="JSON"
        ),
        pytest.param(b"\x00\xff", b"\x00\xff", id="bytes"),
        pytest.param("köln\udcff", "köln?".encode(), id="text"),
    ],
)
def test_the_result_of_the_function_is_sent(result: Any, body: bytes) -> None:
    hook = Webhook(url="https://example.com/events?key=1", body=lambda event: result)

    assert hook.request(EVENT) == Request(url=hook.url, headers=JSON, body=body)
    assert (hook.name, hook.endpoint) == ("webhook:example.com/events", hook.url)


def test_custom_headers_are_sent_and_never_shown() -> None:
    hook = Webhook(
        url="https://example.com/",
        body=lambda event: b"",
        headers={"Authorization": "Bearer s3cret", "Content-Type": "text/plain"},
    )

    assert hook.request(EVENT).headers == JSON | {
        "authorization": "Bearer s3cret",
        "content-type": "text/plain",
    }
    assert "s3cret" not in repr(hook)


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        (
            {"url": "example.com", "body": {}, "headers": "X-Key: s3cret"},
            [
                ("url", "write the whole URL: https://example.com"),
                ("body", "give a function of the event"),
                ("headers", 'write {"X-Key": "..."}'),
            ],
        ),
        (
            {"headers": {"X-Key": "a\r\nHost: b", "bad name": "1", "X-Fine": "1"}},
            [
                ("headers", "is not a header that can be sent"),
                ("headers", "is not a header that can be sent"),
            ],
        ),
        ({"url": "https://example.com/#a"}, [("url", "leave out everything after ? and #")]),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_remedy(
    options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        Webhook(**DEFAULTS | options)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults
    assert "s3cret" not in str(caught.value)


def test_any_2xx_is_accepted_and_plain_http_is_warned_of() -> None:
    hook = Webhook(url="http://example.com/", body=lambda event: b"")

    assert hook.read(Response(status=204)) == ACCEPTED
    assert hook.read(Response(status=500)).kind is OutcomeKind.UNKNOWN
    assert "plain http" in hook.warnings[0]


def delivered(make: Any) -> tuple[list[bytes], dict[str, Any]]:
    """The requests of one pageview at a server on loopback, and the counters of its destination."""
    with vendor(vendors.answering(vendors.answer())) as server:
        destination = make(server.url)
        tracker = Tracker(Config(destinations=[destination], track_localhost=True), environ={})
        visit(tracker)
        assert tracker.flush(30)
        return server.requests, tracker.stats()["destinations"][destination.name]


def test_a_function_that_raises_loses_only_its_event() -> None:
    requests, counted = delivered(lambda url: Webhook(url=url, body=lambda event: 1 / 0))  # type: ignore[arg-type,return-value] # it fails

    assert (requests, counted["rejected"]) == ([], 1)


@dataclass(frozen=True, kw_only=True)
class GoatCounter:
    """A vendor that footfall does not know: this class is all it takes."""

    site: str
    key: str

    @property
    def name(self) -> str:
        return f"goatcounter:{self.site}"

    @property
    def endpoint(self) -> str:
        return f"{self.site}/api/v0/count"

    def request(self, event: Event) -> Request:
        _, _, rest = event.url.partition("://")
        hit = {
            "path": event.name if event.name != PAGEVIEW else "/" + rest.partition("/")[2],
            "event": event.name != PAGEVIEW,
            "ref": event.referrer or "",
            "ip": event.visitor.client_ip,
            "user_agent": event.visitor.user_agent,
        }
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        body = json.dumps({"hits": [hit]}).encode()
        return Request(url=self.endpoint, headers=headers, body=body)

    def read(self, response: Response) -> Outcome:
        if response.status == 202:
            return ACCEPTED
        is_busy = response.status == 429
        return Outcome(kind=OutcomeKind.RETRY if is_busy else OutcomeKind.REJECTED)


def test_a_custom_vendor_is_one_short_class() -> None:
    assert len(inspect.getsource(GoatCounter).splitlines()) < 40

    [request], counted = delivered(lambda url: GoatCounter(site=url, key="k"))

    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v0/count HTTP/1.1\r\n")
    assert json.loads(body)["hits"] == [
        {"path": "/page", "event": False, "ref": "", "ip": "198.51.100.7", "user_agent": CHROME}
    ]
    assert (counted["submitted"], counted["accepted"]) == (1, 1)
