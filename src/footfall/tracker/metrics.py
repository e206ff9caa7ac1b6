"""The counters of a process as metrics: what `stats()` returns, by Prometheus' names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from footfall.common.metrics import MetricFamily, Sample
from footfall.delivery.metrics import delivery_metrics

__all__ = ["metrics_of"]


def metrics_of(stats: Mapping[str, Any]) -> Iterator[MetricFamily]:
    """The metrics of `Tracker.stats()`, or of those of several trackers together.

    Args:
        stats: Where it is empty, no metric has a value.
    """
    yield MetricFamily(
        name="footfall_hits_total",
        kind="counter",
        help="Hits and custom events by the reason why they count or do not.",
        samples=[Sample({"reason": reason}, n) for reason, n in stats.get("reasons", {}).items()],
    )
    for key, name, text in (
        ("captured", "footfall_inbox_captured_total", "Hits that were taken from requests."),
        ("dropped_full", "footfall_inbox_dropped_total", "Hits that were dropped unprocessed."),
        ("errors", "footfall_errors_total", "Exceptions that were caught, the hooks' too."),
    ):
        yield MetricFamily(name=name, kind="counter", help=text, samples=_samples(stats, key))
    yield MetricFamily(
        name="footfall_inbox_waiting",
        kind="gauge",
        help="Hits that wait to be processed.",
        samples=_samples(stats, "waiting"),
    )
    outbox = stats.get("outbox", {})
    for key, name, text in (
        ("rows", "footfall_outbox_events", "Events in the outbox, of all processes together."),
        ("pending", "footfall_outbox_unwritten", "Events that are not yet written to the outbox."),
        ("is_in_use", "footfall_outbox_in_use", "0 while the outbox fails."),
        ("oldest_age_seconds", "footfall_outbox_oldest_age_seconds", "Age of its oldest event."),
    ):
        yield MetricFamily(name=name, kind="gauge", help=text, samples=_samples(outbox, key))
    yield from delivery_metrics(stats.get("destinations", {}))


def _samples(stats: Mapping[str, Any], key: str) -> list[Sample]:
    return (
        [Sample({}, int(value) if isinstance(value := stats[key], bool) else value)]
        if (key in stats)
        else []
    )
