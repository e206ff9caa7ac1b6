"""A relay's health and figures over HTTP, for probes and Prometheus."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from footfall.common.background_thread import BackgroundThread
from footfall.common.metrics import CONTENT_TYPE, MetricFamily, Sample, prometheus_text
from footfall.delivery.metrics import delivery_metrics
from footfall.relay.status import QueueStatus

# A probe sends a few hundred bytes.
TIMEOUT_SECONDS: Final = 5.0
# How long `close` waits at most. A relay has half a second to end.
POLL_SECONDS: Final = 0.05


class HealthServer:
    """Answers `GET /health` and `GET /metrics` in a thread of its own.

    Args:
        address: Host and port to listen on.
        is_healthy: Whether the relay works; called for each request.
        read: Reads the status of the queue; may raise an OSError or RuntimeError.
        lanes: What became of the events that this relay took, by destination.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(
        self,
        address: tuple[str, int],
        is_healthy: Callable[[], bool],
        read: Callable[[], QueueStatus],
        lanes: Callable[[], Mapping[str, Mapping[str, Any]]],
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = TIMEOUT_SECONDS

            def do_GET(self) -> None:
                if self.path == "/health":
                    is_fine = is_healthy()
                    body = json.dumps({"status": "ok" if is_fine else "the queue cannot be read"})
                    self._answer(200 if is_fine else 503, "application/json", body)
                elif self.path == "/metrics":
                    self._metrics()
                else:
                    self._answer(404, "text/plain", "try /health or /metrics")

            def _metrics(self) -> None:
                try:
                    text = prometheus_text([*metrics(read()), *delivery_metrics(lanes())])
                except Exception as error:  # noqa: BLE001 -- of redis-py, which may be absent here
                    self._answer(503, "text/plain", type(error).__name__)
                else:
                    self._answer(200, CONTENT_TYPE, text)

            def _answer(self, status: int, content_type: str, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """A line for each probe says nothing."""

        self._server = ThreadingHTTPServer(address, Handler)
        self._server.daemon_threads = True
        serve = functools.partial(self._server.serve_forever, POLL_SECONDS)
        BackgroundThread(serve, name="footfall health", end=self._server.shutdown).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._server.server_address[1]
        return port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def metrics(status: QueueStatus) -> Iterator[MetricFamily]:
    """The account of a queue as metrics."""
    stream = {"stream": status.stream}
    groups = [(group, {**stream, "destination": group.name}) for group in status.groups]
    yield MetricFamily(
        name="footfall_queue_produced_total",
        kind="counter",
        help="Events that were put into the queue.",
        samples=[Sample(stream, status.produced)],
    )
    yield MetricFamily(
        name="footfall_queue_events",
        kind="gauge",
        help="Events of each destination, by what became of them.",
        samples=[
            Sample({**labels, "state": state}, number)
            for group, labels in groups
            for state, number in group.numbers.items()
        ],
    )
    yield MetricFamily(
        name="footfall_queue_oldest_age_seconds",
        kind="gauge",
        help="How long the oldest event has waited.",
        samples=[Sample(labels, group.age_seconds) for group, labels in groups],
    )
