"""The requests that documents show work with the collector, but for the host.

Plausible: its events API and the reference of its ingestion endpoint. Swetrix: its events API.
Our own: the page on batches.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from footfall.collector import CollectorServer

PID = "aUn1quEid-3x"
BROWSER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/85.0.4183.121 Safari/537.36 OPR/71.0.3770.284"
)


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    with CollectorServer() as running:
        yield running


class Example(NamedTuple):
    """One request of a vendor's documentation: all that it says, but for the host."""

    path: str
    user_agent: str
    body: str
    status: str
    address: tuple[str, ...] = ()


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
WINDOWS_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:109.0) Gecko/20100101 Firefox/116.0"
PEOPLE = ("X-Client-IP-Address: 192.0.2.1",)

PLAUSIBLE_EXAMPLES = {
    "a pageview": Example(
        "/api/event",
        BROWSER,
        '{"name":"pageview","url":"http://dummy.site","domain":"dummy.site","screen_width":1666}',
        "202",
        ("X-Forwarded-For: 127.0.0.1",),
    ),
    "a pageview in short keys": Example(
        "/api/event",
        WINDOWS,
        """{
    "n": "pageview",
    "u": "https://example.com/blog",
    "d": "example.com",
    "r": "https://google.com"
  }""",
        "202",
    ),
    "a custom event": Example(
        "/api/event",
        WINDOWS,
        """{
    "n": "Signup",
    "u": "https://example.com/signup",
    "d": "example.com",
    "p": {
      "plan": "premium",
      "method": "google"
    }
  }""",
        "202",
    ),
}
# In the order of the document: its heartbeat belongs to the visit that its pageview began.
SWETRIX_EXAMPLES = {
    "a pageview": Example(
        "/log", WINDOWS_FIREFOX, '{"pid":"YOUR_PROJECT_ID","lc":"en-US","pg":"/"}', "201", PEOPLE
    ),
    "a custom event without its name": Example(
        "/log/custom",
        WINDOWS_FIREFOX,
        '{"pid":"YOUR_PROJECT_ID","lc":"en-US","pg":"/"}',
        # The document says 201, the server asks for `ev`.
        "400",
        PEOPLE,
    ),
    "a heartbeat": Example("/log/hb", WINDOWS_FIREFOX, '{"pid":"YOUR_PROJECT_ID"}', "201", PEOPLE),
    "a pageview of a script": Example(
        "/log",
        WINDOWS_FIREFOX,
        '{"pid":"YOUR_PROJECT_ID","lc":"en-US","pg":"/","prev":"/signup","tz":"UTC",'
        '"unique":false}',
        "201",
        PEOPLE,
    ),
    "a custom event": Example(
        "/log/custom",
        WINDOWS_FIREFOX,
        '{"ev":"YOUR_EVENT_NAME","pid":"YOUR_PROJECT_ID","unique":false}',
        "201",
        PEOPLE,
    ),
}


def curl(collector: CollectorServer, example: Example, *, pid: str = PID) -> str:
    """The status that curl gets for an example, whose placeholder is filled in."""
    headers = (f"User-Agent: {example.user_agent}", *example.address, JSON_TYPE)
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-X", "POST"]
    command += [word for header in headers for word in ("-H", header)]
    body = example.body.replace("YOUR_PROJECT_ID", pid)
    command += [collector.url + example.path, "--data", body]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


JSON_TYPE = "Content-Type: application/json"


@pytest.mark.server("curl")
@pytest.mark.parametrize(
    "examples", [PLAUSIBLE_EXAMPLES, SWETRIX_EXAMPLES], ids=["first", "second"]
)
def test_the_examples_of_both_documents_work_with_curl(
    collector: CollectorServer, examples: dict[str, Example]
) -> None:
    answered = {name: curl(collector, example) for name, example in examples.items()}
    assert answered == {name: example.status for name, example in examples.items()}


@pytest.mark.server("curl")
def test_the_batch_of_the_documents_has_the_answer_that_they_show(
    collector: CollectorServer,
) -> None:
    page = Path(__file__).parents[3].joinpath("docs/collector/batch.md").read_text("utf-8")
    [(command, answer)] = re.findall(r"```sh\n(.+?)```.+?```json\n(.+?)\n```", page, re.DOTALL)
    command = command.replace("http://127.0.0.1:8321", collector.url)
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout == answer


@pytest.mark.server("curl")
def test_a_placeholder_is_no_project(collector: CollectorServer) -> None:
    assert curl(collector, SWETRIX_EXAMPLES["a pageview"], pid="YOUR_PROJECT_ID") == "400"
