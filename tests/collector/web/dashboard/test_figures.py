"""The figures that the dashboard shows."""

from __future__ import annotations

import re
from contextlib import closing

import httpx2
import pytest

from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.web.dashboard.support import (
    NOON,
    Text,
    event_of,
    page_text,
    served_dashboard,
)


def test_the_figures_of_today_are_shown(url: str) -> None:
    text = page_text(url)
    for expected in (
        "a.test",
        "1 visitor now",
        "Visitors 3 ↑ 200%",
        "Visits 3 ↑ 200%",
        "Pageviews 4 ↑ 300%",
        "Views per visit 1.33",
        "Bounce rate 33%",
        "Visit duration 40s",
        "Google 2 66.7% Direct / None 1 33.3%",
        "/ 2 2 /pricing 2 2",
        "DE 1 33.3%",
        "Desktop 2 66.7% Mobile 1 33.3%",
        "Signup 1 1 33.3% Survey 1 1 33.3%",
        "GPTBot ai-training 3",
        "Days are those of UTC.",
    ):
        assert expected in text
    # What is to come has no figure.
    assert "12:00 2 1 13:00 – 0" in text


def test_a_period_is_compared_with_the_same_part_of_the_one_before(url: str) -> None:
    assert "Visitors 4" in page_text(url, "period=7d")
    # Of yesterday, only what came before this time of day.
    assert "Visitors 1" in page_text(url, "period=yesterday")
    assert "↑" not in page_text(url, "compare=none")
    assert "Before" not in page_text(url, "compare=none")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source=Google", ("Source is Google", "Visitors 2", "/pricing 2 2 / 1 1")),
        ("source=!Google", ("Source is not Google", "Visitors 1")),
        ("page=~pric", ("Page contains pric", "Visitors 2")),
        ("event=Signup", ("Props of Signup", "header 1 1", "Visitors 1")),
        ("event=Signup&props=plan", ("Props of Signup", "pro 1 1")),
        ("event=Survey", ("Props of Survey", "This event came without props.")),
        ("prop:plan=pro", ("plan is pro", "Visitors 1")),
        ("sources=utm_campaign", ("UTM campaign", "may 1 33.3%")),
        ("sources=utm_term", ("Links tagged with utm_term show here.",)),
        ("sources=channel", ("Organic Search 2 66.7%",)),
        ("pages=entry", ("/ 2 50%", "/pricing 1 0%")),
        ("pages=exit", ("/pricing 2 66.7%",)),
        ("devices=os", ("Linux 2 66.7% iOS 1 33.3%",)),
        ("metric=bounce_rate", ("Bounce rate by hour",)),
        ("period=7d&interval=hour", ("Visitors by hour", "Sat 21 Nov 11:00 1")),
        ("period=all", ("Visitors by day", "Sun 1 Nov 1", "Visitors 5")),
        ("period=last_month", ("Visitors by day, 1 – 31 Oct 2026",)),
        ("period=12mo", ("Visitors by month, 1 Dec 2025 – 30 Nov 2026", "Nov 2026 5")),
        ("page=/nowhere", ("Nothing came in this time that fits the filters", "2026-11-21")),
    ],
)
def test_a_view_shows(url: str, query: str, expected: tuple[str, ...]) -> None:
    page = httpx2.get(f"{url}/?{query}").text
    text = str(Text(page)) + " ".join(re.findall(r'aria-label="([^"]*)"', page))
    for each in expected:
        assert each in text


def test_long_lists_are_cut_and_can_be_shown_whole() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, [event_of(f"v{number}", 60, f"/page-{number:02}") for number in range(12)])
        enqueue(
            store, [event_of(f"v{number}", 60, "/", f"Event {number:02}") for number in range(12)]
        )
        store.flush()
        for url in served_dashboard(store):
            text = page_text(url)
            # The twelve pages, and the one of the events.
            assert text.count("4 more") == 1
            assert "3 more" in text
            assert "/page-11" not in text
            whole = page_text(url, "more=pages")
            assert "/page-11" in whole
            assert "4 more" not in whole
            assert "Event 11" in page_text(url, "more=events")
