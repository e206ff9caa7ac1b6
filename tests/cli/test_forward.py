"""`footfall forward`: what a file holds, told to vendors that take an event's own time."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import main
from footfall.collector.storage.store import Store
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest
from tests.collector.storage.support import enqueue
from tests.destinations.support import WEBSITE
from tests.support.matomo import MatomoServer
from tests.support.umami import UmamiServer
from tests.support.vendors import answer, answering, responding, unused_port, vendor

LONG_AGO = datetime(2025, 3, 1, 12, tzinfo=UTC).timestamp()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ALICE, BOB = "8d32246324f0b0fd", "00d5368984b52a57"


def an_event(path: str | None, at: float, visitor: str = ALICE, **changes: Any) -> IncomingEvent:
    values = {"vendor": "plausible", "domain": "a.test", "name": "pageview", **changes}
    return IncomingEvent(
        **values,
        url=None if path is None else f"https://a.test{path}",
        path=path or "/",
        user_agent=FIREFOX,
        visitor=visitor,
        session=f"s{visitor}",
        request=IncomingRequest(headers={}, peer="127.0.0.1", body=b"{}", at=at),
    )


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "footfall.sqlite3"
    with closing(Store(path, clock=lambda: LONG_AGO)) as store:
        enqueue(
            store,
            [
                an_event("/a", LONG_AGO, referrer="https://news.example/"),
                an_event("/b", LONG_AGO + 60, BOB),
                an_event("/buy", LONG_AGO + 90, name="Buy", props={"plan": "x"}),
                an_event("/a", LONG_AGO + 95, name="engagement"),
                an_event(None, LONG_AGO + 96, vendor="swetrix"),
                an_event("/c", LONG_AGO + 86_400, domain="b.test"),
            ],
        )
        assert store.flush()
    return str(path)


def test_umami_gets_every_event_with_its_time_and_visitor(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    umami = UmamiServer(websites=frozenset({WEBSITE}))
    with vendor(responding(umami.respond)) as server:
        line = f"umami+http://127.0.0.1:{server.port}/{WEBSITE}"
        assert main(["forward", file, line]) == 0
    found = sorted((each["timestamp"], each["url"], each["ip"]) for each in umami.kept)
    alice, bob = "100::8d32:2463:24f0:b0fd", "100::d5:3689:84b5:2a57"
    assert found == [
        (int(LONG_AGO), "/a", alice),
        (int(LONG_AGO) + 60, "/b", bob),
        (int(LONG_AGO) + 90, "/buy", alice),
        (int(LONG_AGO) + 86_400, "/c", alice),
    ]
    assert {each["userAgent"] for each in umami.kept} == {FIREFOX}
    assert [each["data"] for each in umami.kept if each.get("name") == "Buy"] == [{"plan": "x"}]
    output = capsys.readouterr().out
    assert "accepted 4" in output
    assert "--after 6" in output


def test_the_events_may_be_chosen(file: str) -> None:
    matomo = MatomoServer(token="s3cret")
    with vendor(responding(matomo.respond)) as server:
        line = f"matomo+http://s3cret@127.0.0.1:{server.port}/1"
        options = ["--domain", "a.test", "--after", "1", "--to", "2025-03-01"]
        assert main(["forward", file, line, *options]) == 0
    assert len(matomo.kept) == 2


REFUSED = (
    ("plausible://plausible.io/example.com", "takes no times: what is in the file would count as"),
    ("collector://127.0.0.1:8321/example.com", "takes no times"),
    ("swetrix://api.swetrix.com/aUn1quEid-3x", "takes no times"),
    ("redis://127.0.0.1/0?stream=example", "is a queue or a file; name a vendor"),
    ("sqlite:///other.sqlite3", "is a queue or a file; name a vendor"),
)


@pytest.mark.parametrize(("line", "reason"), REFUSED, ids=[line for line, _ in REFUSED])
def test_what_cannot_take_the_past_is_refused_with_the_reason(
    file: str, line: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forward", file, line]) == 2
    assert reason in capsys.readouterr().err


def test_a_vendor_that_is_down_gets_the_same_events_the_next_time(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"umami+http://127.0.0.1:{unused_port()}/{WEBSITE}"
    assert main(["forward", file, line]) == 1
    output = capsys.readouterr().out
    assert "accepted" not in output
    assert "--after 0" in output


def test_what_a_vendor_rejects_is_counted(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    with vendor(
        answering(answer("400 Bad Request", json.dumps({"error": "no"}).encode()))
    ) as server:
        assert main(["forward", file, f"umami+http://127.0.0.1:{server.port}/{WEBSITE}"]) == 1
    assert "rejected 4" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: Any) -> None:
    line = f"umami://127.0.0.1/{WEBSITE}"
    assert main(["forward", str(tmp_path / "no.sqlite3"), line]) == 2
    assert "there is no such file" in capsys.readouterr().err
