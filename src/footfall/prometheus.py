"""footfall's counters for Prometheus; `pip install "footfall[prometheus]"`.

    from prometheus_client import REGISTRY
    from footfall.prometheus import FootfallCollector

    REGISTRY.register(FootfallCollector())

They are those of the process that is asked; the manual's page on metrics says what to do where an
app runs in several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import footfall
from footfall.tracker.metrics import metrics_of

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["FootfallCollector"]


class FootfallCollector:
    """A collector for a registry of `prometheus_client`: the metrics of all trackers here.

    Raises:
        ImportError: prometheus_client is not installed.
    """

    def __init__(self) -> None:
        try:
            from prometheus_client import Metric
        except ImportError as error:
            text = f'footfall.prometheus: run `pip install "footfall[prometheus]"` ({error})'
            raise ImportError(text) from None
        self._new_metric = Metric

    def collect(self) -> Iterator[Metric]:
        """The metrics of `footfall.stats()`; the registry calls this for each scrape."""
        for family in metrics_of(footfall.stats()):
            # Of a counter by its name alone, as OpenMetrics has it.
            name = family.name.removesuffix("_total")
            metric = self._new_metric(name, family.help, family.kind)
            end = "_total" if family.kind == "counter" else ""
            for labels, value, suffix in family.samples:
                metric.add_sample(f"{name}{end or suffix}", dict(labels), value)
            yield metric
