"""What became of the events of each destination, as metrics.

The label `destination` is the name of the lane, which holds no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from footfall.common.metrics import MetricFamily, Sample, histogram_samples
from footfall.delivery.circuit_breaker import STATES
from footfall.delivery.counters import ENDS

__all__ = ["delivery_metrics"]

_Labels: TypeAlias = dict[str, str]
_Stats: TypeAlias = Mapping[str, Any]

_OUTCOMES: Final = tuple(end for end in ENDS if end != "queued")


def _value(key: str) -> Callable[[_Stats, _Labels], list[Sample]]:
    return lambda stats, labels: [Sample(labels, stats[key])]


def _outcomes(stats: _Stats, labels: _Labels) -> list[Sample]:
    return [Sample({**labels, "outcome": each}, stats[each]) for each in _OUTCOMES]


def _breaker(stats: _Stats, labels: _Labels) -> list[Sample]:
    return [Sample({**labels, "state": each}, int(stats["breaker"] == each)) for each in STATES]


def _latency(stats: _Stats, labels: _Labels) -> list[Sample]:
    found = stats["delivery_seconds"]
    return histogram_samples(labels, found["buckets"], found["count"], found["sum"])


_Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
_METRICS: Final[Sequence[tuple[str, _Kind, str, Callable[[_Stats, _Labels], list[Sample]]]]] = (
    (
        "footfall_events_submitted_total",
        "counter",
        "Events that were given to the destination's queue.",
        _value("submitted"),
    ),
    (
        "footfall_events_taken_total",
        "counter",
        "Events that were taken from the outbox.",
        _value("taken"),
    ),
    ("footfall_events_total", "counter", "Events by what became of them.", _outcomes),
    (
        "footfall_events_retried_total",
        "counter",
        "Tries to send an event again.",
        _value("retried"),
    ),
    (
        "footfall_events_trimmed_total",
        "counter",
        "Events of which a part was cut to fit the vendor's limits.",
        _value("trimmed"),
    ),
    (
        "footfall_events_waiting",
        "gauge",
        "Events that wait, or are being sent.",
        _value("queued"),
    ),
    (
        "footfall_events_oldest_age_seconds",
        "gauge",
        "How long the oldest of these has waited.",
        _value("oldest_age_seconds"),
    ),
    (
        "footfall_circuit_breaker_state",
        "gauge",
        "1 for the state of the circuit breaker, 0 for the others.",
        _breaker,
    ),
    (
        "footfall_delivery_seconds",
        "histogram",
        "How long exchanges with the vendor took, from the request to its outcome.",
        _latency,
    ),
)


def delivery_metrics(destinations: Mapping[str, _Stats]) -> Iterator[MetricFamily]:
    """The metrics of `stats()["destinations"]`."""
    for name, kind, text, samples_of in _METRICS:
        samples = [
            sample
            for destination, stats in destinations.items()
            for sample in samples_of(stats, {"destination": destination})
        ]
        yield MetricFamily(name=name, kind=kind, help=text, samples=samples)
