"""The dashboard over HTTP: every address, errors, and hostile texts."""

from __future__ import annotations

import html
import re
from contextlib import closing

import httpx2
import pytest

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


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("sources.csv", ["Source,Visitors,Share", "Google,2,66.7", "Direct / None,1,33.3"]),
        ("pages.csv?pages=entry&source=Google", ["Entry page,Visitors,Bounces", "/,1,0"]),
        ("places.csv", ["Country,Visitors,Share", "DE,1,33.3"]),
        ("languages.csv", ["Language,Visitors,Share", "de-AT,1,33.3"]),
        ("languages.csv?language=!de-AT", ["Language,Visitors,Share"]),
        ("pages.csv?language=~de", ["Page,Visitors,Views", "/,1,1", "/pricing,1,1"]),
        ("devices.csv?devices=os&event=Signup", ["System,Conversions,Rate", "GNU/Linux,1,50.0"]),
        ("events.csv", ["Event,Visitors,Times,Rate", "Signup,1,1,33.33"]),
        ("events.csv?event=Signup&props=plan", ["plan,Visitors,Times", "pro,1,1"]),
        ("bots.csv", ["Not counted,Class,Times", "GPTBot,ai-training,3"]),
        ("graph.csv?period=7d&metric=visits", ["Day,Visits", "2026-11-15,0"]),
    ],
)
def test_each_table_is_there_as_csv(url: str, path: str, rows: list[str]) -> None:
    answer = httpx2.get(f"{url}/figures/{path}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = path.partition("?")[0]
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.text.splitlines()[: len(rows)] == rows


def test_there_is_no_other_csv(url: str) -> None:
    assert httpx2.get(f"{url}/figures/secrets.csv").status_code == 404
    assert httpx2.get(f"{url}/figures/pages.csv?period=decade").status_code == 400


def test_every_csv_link_of_the_page_leads_to_what_it_shows(url: str) -> None:
    page = httpx2.get(f"{url}/?period=7d&more=pages&find=x&source=Google").text
    links = [html.unescape(each) for each in re.findall(r'href="(/figures/[^"]*)"', page)]
    assert links[0] == "/figures/graph.csv?period=7d&source=Google"
    assert [each.partition(".")[0].rpartition("/")[2] for each in links] == [
        *("graph", "sources", "places", "bots", "devices", "languages", "events"),
    ]
    assert {httpx2.get(url + each).status_code for each in links} == {200}


def test_the_number_of_current_visitors_is_there_alone(url: str) -> None:
    assert httpx2.get(f"{url}/now").json() == {"visitors": 1}
    assert httpx2.get(f"{url}/now?domain=other.test").json() == {"visitors": 0}
