"""The collector for `prometheus_client`, and what docs/metrics.md says of all metrics."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from footfall.collector import Store
from footfall.collector.api.metrics import collector_metrics
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.common.metrics import MetricFamily
from footfall.destinations import destination_from
from footfall.prometheus import FootfallCollector
from footfall.relay import health
from footfall.testing import MemoryTransport
from footfall.tracker.metrics import metrics_of
from tests.support.documents import DOCS, TEXTS, blocks_of
from tests.support.trackers import tracker_over, visit
from tests.support.vendors import unused_port, wait_until
from tests.support.waiting import LONG_SECONDS

PAGE: Final = "docs/metrics.md"
TEXT: Final = TEXTS[PAGE]


@pytest.fixture
def registry() -> Any:
    return pytest.importorskip("prometheus_client").CollectorRegistry(auto_describe=True)


def scraped(registry: Any) -> dict[str, Any]:
    """What Prometheus reads of a registry: the metrics by name."""
    from prometheus_client import generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    text = generate_latest(registry).decode()
    return {each.name: each for each in text_string_to_metric_families(text)}


def test_prometheus_reads_the_counters(registry: Any) -> None:
    registry.register(FootfallCollector())
    tracker = tracker_over(MemoryTransport())
    visit(tracker)
    tracker.flush(LONG_SECONDS)
    found = scraped(registry)
    [hits] = [each for each in found["footfall_hits"].samples if each.value]
    assert (hits.name, hits.labels, hits.value) == (
        "footfall_hits_total",
        {"reason": "navigation"},
        1.0,
    )
    kinds = {each.name: each.kind for each in metrics_of({})}
    assert {name: family.type for name, family in found.items()} == {
        name.removesuffix("_total"): kind for name, kind in kinds.items()
    }
    assert found["footfall_delivery_seconds"].samples[-1].value == 1.0


SECRET: Final = "0123456789abcdef0123456789abcdef"
LOGINS: Final = (
    f"posthog://phc_{SECRET}@eu.i.posthog.com",
    f"matomo://{SECRET}@matomo.example/3",
    f"clickhouse://{SECRET}:{SECRET}@db.example/stats",
    f"collector://{SECRET}@stats.example/a.example",
    f"redis://:{SECRET}@queue.example:6379/0?stream=shop",
)


@pytest.mark.parametrize("line", LOGINS, ids=lambda line: line.partition(":")[0])
def test_no_label_holds_a_secret(line: str) -> None:
    assert SECRET not in destination_from(line).name


def test_without_the_client_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ImportError, match=r'pip install "footfall\[prometheus\]"'):
        FootfallCollector()


# -- docs/metrics.md ---------------------------------------------------------------------------


def rows(families: Iterable[MetricFamily]) -> list[str]:
    """The rows of the table for metrics, of which each has a value."""
    return [
        f"| `{each.name}` | {each.kind} | {labels_of(each)} | {each.help} |" for each in families
    ]


def labels_of(family: MetricFamily) -> str:
    names = dict.fromkeys(name for sample in family.samples for name in sample.labels)
    return ", ".join(f"`{name}`" for name in names if name != "le")


@pytest.fixture(scope="module")
def documented() -> dict[str, list[str]]:
    """The rows of each table of the page, by its heading."""
    sections = (part.partition("\n") for part in TEXT.split("\n## "))
    return {head: re.findall(r"^\| `footfall_.*", text, re.M) for head, _, text in sections}


STATS: Final[dict[str, Any]] = {
    "outbox": {"rows": 0, "pending": 0, "is_in_use": True, "oldest_age_seconds": 0.0},
    "captured": 0,
    "waiting": 0,
    "dropped_full": 0,
    "errors": 0,
    "reasons": {"bot": 1},
}


def test_the_metrics_of_an_app_are_documented(documented: dict[str, list[str]]) -> None:
    tracker = tracker_over(MemoryTransport())
    stats = {**STATS, "destinations": tracker.stats()["destinations"]}
    assert documented["The metrics of an app"] == rows(metrics_of(stats))


def test_those_of_a_collector_are(documented: dict[str, list[str]]) -> None:
    store = Store()
    try:
        found = [*collector_metrics(store, RejectedRequests(), None)]
    finally:
        store.close()
    own = [each for each in found if each.name.startswith("footfall_collector_")]
    assert documented["The metrics of a collector"] == rows(own)
    assert {each.name for each in found if each not in own} <= {e.name for e in metrics_of({})}


def test_those_of_a_relay_are(documented: dict[str, list[str]]) -> None:
    from tests.relay.test_health import STATUS

    assert documented["The metrics of a relay"] == rows(health.metrics(STATUS))


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bfootfall_[a-z_]+", text))


def test_alerts_and_the_dashboard_name_documented_metrics_alone(
    documented: dict[str, list[str]],
) -> None:
    known = {re.split(r"[`]", row)[1] for found in documented.values() for row in found}
    known |= {f"footfall_delivery_seconds{end}" for end in ("_bucket", "_sum", "_count")}
    assert names_in(TEXT) - known == set()
    dashboard = json.loads((DOCS / "grafana.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queried = names_in(" ".join([*expressions, dashboard["templating"]["list"][1]["query"]]))
    assert len(queried) > 5
    assert queried - known == set()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_each_worker_of_gunicorn_has_a_port_of_its_own(tmp_path: Path) -> None:
    """With the settings of the page, on other ports."""
    pytest.importorskip("prometheus_client")
    [settings] = [each.code for each in blocks_of("python") if "post_worker_init" in each.code]
    first = unused_port()
    (tmp_path / "gunicorn.conf.py").write_text(settings.replace("9200", str(first)))
    (tmp_path / "shop.py").write_text(SHOP)
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{unused_port()}"]
    server = subprocess.Popen(
        [*command, "--workers", "2", "shop:app"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: len(ports_with_metrics(range(first, first + 4))) == 2)
    finally:
        server.terminate()
        server.wait(60)


SHOP: Final = """
from footfall import wsgi

def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"page"]

app = wsgi.FootfallMiddleware(page, destinations="plausible+http://127.0.0.1:9/a.example")
"""


def ports_with_metrics(ports: Iterable[int]) -> list[int]:
    return [port for port in ports if "footfall_events_submitted_total{" in scrape(port)]


def scrape(port: int) -> str:
    """What a worker shows at a port; nothing where there is none."""
    with contextlib.suppress(httpx2.TransportError):
        return httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    return ""
