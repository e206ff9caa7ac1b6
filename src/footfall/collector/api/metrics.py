"""`GET /metrics`: the collector's state and what it forwards, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.collector.ingest.forward import Forward
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.collector.storage.store import Store
from footfall.common.metrics import CONTENT_TYPE, MetricFamily, Sample, prometheus_text
from footfall.delivery.metrics import delivery_metrics

__all__ = ["collector_metrics", "route"]


def route(store: Store, rejected: RejectedRequests, forward: Forward | None) -> Route:
    """The route of a collector with these parts."""

    async def metrics(request: Request) -> Response:
        families = await run_in_threadpool(
            lambda: [*collector_metrics(store, rejected, forward)]  # reads the file
        )
        return Response(prometheus_text(families), media_type=CONTENT_TYPE)

    return Route("/metrics", metrics)


def collector_metrics(
    store: Store, rejected: RejectedRequests, forward: Forward | None
) -> Iterator[MetricFamily]:
    """The metrics of a collector; of all its sites together."""
    yield _counter("events", "Events that were taken to be written.", store.enqueued)
    yield _gauge("events_waiting", "Events to be written.", store.enqueued - store.processed)
    yield _counter("rejected_requests", "Requests that got an error status.", rejected.number)
    yield _gauge("current_visitors", "Visitors of the last five minutes.", store.current_visitors())
    yield _gauge("writable", "0 while the file cannot be written.", int(not store.write_error))
    returned = forward.returned if forward is not None else 0
    yield _counter("returned", "Forwarded events that came back and were refused.", returned)
    yield from delivery_metrics(forward.stats() if forward is not None else {})


def _counter(name: str, text: str, value: int) -> MetricFamily:
    name = f"footfall_collector_{name}_total"
    return MetricFamily(name=name, kind="counter", help=text, samples=[Sample({}, value)])


def _gauge(name: str, text: str, value: int) -> MetricFamily:
    name = f"footfall_collector_{name}"
    return MetricFamily(name=name, kind="gauge", help=text, samples=[Sample({}, value)])
