"""The memory of a collector that is flooded, as the system counts it for a process of its own."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.collector.support import FIREFOX, PAGEVIEW, PID

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not Path("/proc/self/status").exists(),
        reason="only Linux tells the memory of another process",
    ),
]

# What the first requests load.
WARM_UP = 20


class Collector(NamedTuple):
    process: subprocess.Popen[str]
    http: httpx2.Client

    def megabytes(self, name: str = "VmRSS") -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1_000


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A collector as the command line starts it."""
    command = [sys.executable, "-m", "footfall", "collect", "--port", "0"]
    with subprocess.Popen(
        [*command, "--database", str(tmp_path / "events.sqlite3")],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            headers = {"user-agent": FIREFOX}
            with httpx2.Client(base_url=found[0], headers=headers, timeout=60) as http:
                for number in range(WARM_UP):
                    assert http.post("/api/event", json=PAGEVIEW).status_code == 202
                    assert (
                        http.post("/log", json={"pid": PID, "pg": f"/{number}"}).status_code == 201
                    )
                yield Collector(process, http)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()


@pytest.mark.parametrize("character", ["x", "😀"])
def test_a_flood_of_large_events_stays_small_in_memory_and_on_disk(
    collector: Collector, tmp_path: Path, character: str
) -> None:
    length = 23_000 // len(character.encode())
    before = collector.megabytes()
    for number in range(1_100):
        text = f"{number:06}{character * length}"
        body = {"pid": PID, "pg": f"/{text}", "so": text, "me": text, "ca": text}
        headers = {
            "content-type": "application/json",
            # Another visitor with another browser each.
            "x-forwarded-for": f"203.0.{number >> 8}.{number & 255}",
            "user-agent": f"{FIREFOX} {number} {'x' * 8_000}",
        }
        sent = json.dumps(body, ensure_ascii=False).encode()
        assert 90_000 < len(sent) < 100_000
        assert collector.http.post("/log", content=sent, headers=headers).status_code == 201
    assert collector.megabytes("VmHWM") - before < 20
    # A third of what was sent, and the log.
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 100_000_000


LARGE: list[Any] = [
    pytest.param(b"n=x&x=" + b"%C3%A9" * 1_300_000, "x-www-form-urlencoded", 413, id="a form"),
    pytest.param(b'{"x":[' + b"[]," * 2_600_000 + b"1]}", "json", 413, id="nested lists"),
    pytest.param(b"n=x&x=" + b"%C3%A9" * 42_000, "x-www-form-urlencoded", 400, id="a short form"),
    pytest.param(b'{"x":[' + b"[]," * 330_000 + b"1]}", "json", 400, id="short nested lists"),
]


@pytest.mark.parametrize(("body", "kind", "status"), LARGE)
def test_a_large_body_takes_little_memory(
    collector: Collector, body: bytes, kind: str, status: int
) -> None:
    before = collector.megabytes()
    headers = {"content-type": f"application/{kind}"}
    for _ in range(3):
        answer = collector.http.post("/api/event", content=body, headers=headers)
        assert answer.status_code == status
    assert collector.megabytes("VmHWM") - before < 60
