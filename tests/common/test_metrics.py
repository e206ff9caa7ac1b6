"""Prometheus' text format."""

from __future__ import annotations

import pytest

from footfall.common.metrics import MetricFamily, Sample, histogram_samples, prometheus_text

NASTY = 'a "quoted" \\ path\nand a line'


def test_the_text_is_that_of_the_format() -> None:
    labels = {"destination": NASTY}
    families = [
        MetricFamily(name="a_total", kind="counter", help="A\\b\nc.", samples=[Sample({}, 3)]),
        MetricFamily(name="b", kind="gauge", help="B.", samples=[Sample(labels, 1.5)]),
        MetricFamily(name="none", kind="gauge", help="Without a value."),
    ]
    assert prometheus_text(families).splitlines() == [
        "# HELP a_total A\\\\b\\nc.",
        "# TYPE a_total counter",
        "a_total 3",
        "# HELP b B.",
        "# TYPE b gauge",
        'b{destination="a \\"quoted\\" \\\\ path\\nand a line"} 1.5',
    ]
    assert prometheus_text(families).endswith("\n")


def test_the_client_of_prometheus_reads_it() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    labels = {"destination": NASTY}
    samples = histogram_samples(labels, {"0.5": 2, "1.0": 3}, 4, 9.25)
    family = MetricFamily(name="seconds", kind="histogram", help=NASTY, samples=samples)
    [read] = parser.text_string_to_metric_families(prometheus_text([family]))
    assert (read.name, read.type, read.documentation) == ("seconds", "histogram", NASTY)
    assert {(each.name, each.labels.get("le"), each.value) for each in read.samples} == {
        ("seconds_bucket", "0.5", 2.0),
        ("seconds_bucket", "1.0", 3.0),
        ("seconds_bucket", "+Inf", 4.0),
        ("seconds_sum", None, 9.25),
        ("seconds_count", None, 4.0),
    }
    assert {each.labels["destination"] for each in read.samples} == {NASTY}
