"""The dashboard over HTTP: every address, errors, and hostile texts."""

from __future__ import annotations

import re
from contextlib import closing

import httpx2

from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard.view import TABS
from footfall.collector.wire.messages import Campaign
from tests.collector.storage.support import enqueue
from tests.collector.web.dashboard.support import (
    NOON,
    event_of,
    served_dashboard,
)
from tests.collector.web.support import HOSTILE, Tags


def test_every_tab_and_metric_has_a_page(url: str) -> None:
    for panel, tabs in TABS.items():
        for tab in tabs:
            assert httpx2.get(f"{url}/?{panel}={tab}&period=30d").status_code == 200


def test_an_invalid_address_is_answered_with_the_reason(url: str) -> None:
    answer = httpx2.get(f"{url}/?period=decade")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("period must be one of today")


def test_before_the_first_event_the_page_shows_how_to_send_one() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        for url in served_dashboard(store):
            page = httpx2.get(url).text
            authority = url.removeprefix("http://")
            assert "Nothing has arrived yet" in page
            assert f"FOOTFALL_DESTINATIONS=collector://{authority}/example.com" in page
            assert f"curl -i -X POST {url}/api/event" in page


def test_hostile_texts_are_escaped() -> None:
    hostile = event_of(
        "v",
        60,
        HOSTILE,
        HOSTILE,
        domain=HOSTILE,
        source=HOSTILE,
        campaign=Campaign(*[HOSTILE] * 5),
        props={HOSTILE: HOSTILE},
    )
    bot = event_of("b", 60, user_agent=f"{HOSTILE} bot", reason="bot", domain=HOSTILE)
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, [hostile, bot])
        store.flush()
        for url in served_dashboard(store):
            queries: list[dict[str, str]] = [
                {},
                {"event": HOSTILE},
                {f"prop:{HOSTILE}": HOSTILE, "domain": HOSTILE},
                {"sources": "utm_term", "pages": "entry", "source": f"!{HOSTILE}"},
            ]
            for query in queries:
                page = httpx2.get(url, params=query).text
                tags = Tags(page)
                assert "alert(1)" in page
                assert tags.names["script"] == 2
                assert tags.names["img"] == 1
                assert [name for name in tags.attributes if name.startswith("on")] == []
                assert not re.search(r"\sstyle=|<style|<script>", page)
