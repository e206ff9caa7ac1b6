"""footfall's counters as OpenTelemetry metrics; `pip install "footfall[opentelemetry]"`.

    from footfall import opentelemetry

    opentelemetry.instrument()

Only OpenTelemetry's API is used: what is exported, where to and how often, the app's SDK decides.
An instrument has the name of the Prometheus metric with a dot, and without `_total` and `_seconds`:
`footfall.events`. The API has no histogram that is observed; of `footfall_delivery_seconds` there
are the number of exchanges and their time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import footfall
from footfall.common.metrics import MetricFamily
from footfall.tracker.metrics import metrics_of

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider, Observation

__all__ = ["instrument"]

_OF_HISTOGRAM: Final = {"_count": ("_exchanges", ""), "_sum": ("_time", "s")}


def instrument(meter_provider: MeterProvider | None = None) -> None:
    """Register the metrics of all trackers of this process; call it once in each.

    Args:
        meter_provider: The app's; by default the global one.

    Raises:
        ImportError: opentelemetry-api is not installed.
    """
    try:
        from opentelemetry.metrics import Observation, get_meter
    except ImportError as error:
        text = f'footfall.opentelemetry: run `pip install "footfall[opentelemetry]"` ({error})'
        raise ImportError(text) from None
    meter = get_meter("footfall", footfall.__version__, meter_provider)
    for family in metrics_of({}):
        is_gauge = family.kind == "gauge"
        create = meter.create_observable_gauge if is_gauge else meter.create_observable_counter
        for suffix, (name, unit) in _instruments(family).items():
            callback = _observer(family.name, suffix, Observation)
            create(name, [callback], unit=unit, description=family.help)


def _instruments(family: MetricFamily) -> dict[str, tuple[str, str]]:
    """Name and unit of each instrument of a metric, by the suffix of its samples."""
    name = "footfall." + family.name.removeprefix("footfall_").removesuffix("_total")
    is_time = name.endswith("_seconds")
    name = name.removesuffix("_seconds")
    if family.kind == "histogram":
        return {suffix: (name + end, unit) for suffix, (end, unit) in _OF_HISTOGRAM.items()}
    return {"": (name, "s" if is_time else "")}


def _observer(
    metric: str, suffix: str, observation: type[Observation]
) -> Callable[[Any], Iterator[Observation]]:
    """A callback that observes the samples of one metric with one suffix."""

    def observe(_options: Any) -> Iterator[Observation]:
        for family in metrics_of(footfall.stats()):
            if family.name == metric:
                for labels, value, end in family.samples:
                    if end == suffix:
                        yield observation(value, dict(labels))

    return observe
