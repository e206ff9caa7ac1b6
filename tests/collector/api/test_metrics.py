"""`GET /metrics` of a collector."""

from __future__ import annotations

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.destinations import destination_from
from tests.collector.support import FIREFOX, PAGEVIEW
from tests.support.vendors import wait_until

TOKEN = "correct horse battery staple"


def values(url: str) -> dict[str, float]:
    """What Prometheus reads of a collector, by name and labels."""
    parser = pytest.importorskip("prometheus_client.parser")
    answer = httpx2.get(f"{url}/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in parser.text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_has_the_state_and_what_is_forwarded_for_those_with_the_token() -> None:
    with CollectorServer() as vendor:
        host = vendor.url.removeprefix("http://")
        name = f"plausible:a.test@{host}"
        forward = [destination_from(f"plausible+http://{host}/a.test")]
        with CollectorServer(forward=forward, token=TOKEN) as collector:
            url = collector.url
            assert httpx2.get(f"{url}/metrics").status_code == 401
            headers = {"user-agent": FIREFOX, "x-forwarded-for": "203.0.113.9"}
            httpx2.post(f"{url}/api/event", json=PAGEVIEW, headers=headers).raise_for_status()
            accepted = f"footfall_events_total {name} accepted"
            assert wait_until(lambda: values(url)[accepted] == 1)
            found = values(url)
    assert found["footfall_collector_events_total"] == 1
    assert found["footfall_collector_events_waiting"] == 0
    assert found["footfall_collector_current_visitors"] == 1
    assert found["footfall_collector_writable"] == 1
    assert found[f"footfall_delivery_seconds_count {name}"] == 1


def test_without_destinations_it_has_the_state_alone(client: httpx2.Client) -> None:
    text = client.get("/metrics").text
    assert "footfall_collector_writable 1" in text.splitlines()
    assert "destination=" not in text
