"""Metrics as values, and Prometheus' text format of them.

Names follow Prometheus' conventions: a counter ends in `_total`, a duration in `_seconds`.
The format is that of "Exposition formats", version 0.0.4 (prometheus.io, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

__all__ = ["CONTENT_TYPE", "MetricFamily", "Sample", "histogram_samples", "prometheus_text"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What the text format is served as."""


class Sample(NamedTuple):
    """One value; the suffix is one of a histogram's: `_bucket`, `_sum`, `_count`."""

    labels: Mapping[str, str]
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """A metric with its values by label.

    Args:
        name: With the `_total` of a counter.
        kind: Prometheus' type.
        help: One sentence on what the value is.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample] = field(default=())


def histogram_samples(
    labels: Mapping[str, str], buckets: Mapping[str, int], count: int, total: float
) -> list[Sample]:
    """The samples of one histogram.

    Args:
        labels: Of all of them.
        buckets: How many values are at most that bound, by the bound's text, without infinity.
        count: How many values there are.
        total: Their sum.
    """
    bounds = {**buckets, "+Inf": count}
    samples = [
        Sample({**labels, "le": bound}, number, "_bucket") for bound, number in bounds.items()
    ]
    return [*samples, Sample(labels, total, "_sum"), Sample(labels, count, "_count")]


def prometheus_text(families: Iterable[MetricFamily]) -> str:
    """Metrics in Prometheus' text format; one without a value is left out."""
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "".join(f"{line}\n" for line in lines)


def _lines(family: MetricFamily) -> Iterable[str]:
    help_text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {help_text}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value, suffix in family.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{f'{{{pairs}}}' if pairs else ''} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
