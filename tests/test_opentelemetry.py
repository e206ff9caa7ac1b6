"""The counters as OpenTelemetry metrics, as the SDK's reader sees them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Sum

from footfall import opentelemetry
from footfall.testing import MemoryTransport
from footfall.tracker.metrics import metrics_of
from tests.support.trackers import tracker_over, visit
from tests.support.waiting import LONG_SECONDS


def read(reader: InMemoryMetricReader) -> dict[str, Any]:
    """The metrics of footfall's own meter, by name."""
    data = reader.get_metrics_data()
    assert data is not None
    [scope] = [scope for each in data.resource_metrics for scope in each.scope_metrics]
    assert scope.scope.name == "footfall"
    return {metric.name: metric for metric in scope.metrics}


def test_a_reader_sees_every_metric() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    opentelemetry.instrument(provider)
    tracker = tracker_over(MemoryTransport())
    visit(tracker)
    tracker.flush(LONG_SECONDS)
    found = read(reader)
    provider.shutdown()

    [hits] = found["footfall.hits"].data.data_points
    assert (dict(hits.attributes), hits.value) == ({"reason": "navigation"}, 1)
    assert isinstance(found["footfall.events"].data, Sum)
    assert found["footfall.events"].data.is_monotonic
    outcomes = {
        dict(point.attributes or {})["outcome"]: point.value
        for point in found["footfall.events"].data.data_points
    }
    assert {outcome for outcome, value in outcomes.items() if value} == {"accepted"}
    assert not isinstance(found["footfall.events_waiting"].data, Sum)
    assert found["footfall.events_oldest_age"].unit == "s"
    [exchanges] = found["footfall.delivery_exchanges"].data.data_points
    assert exchanges.value == 1
    assert found["footfall.delivery_time"].unit == "s"
    # Without an outbox it has no metrics; of a histogram there are two.
    names = {each.name for each in metrics_of({}) if not each.name.startswith("footfall_outbox_")}
    assert len(found) == len(names) + 1


def test_without_the_api_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    with pytest.raises(ImportError, match=r'pip install "footfall\[opentelemetry\]"'):
        opentelemetry.instrument()
