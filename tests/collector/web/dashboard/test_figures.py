"""The figures that the dashboard shows."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace

import httpx2
import pytest

from footfall.collector.storage.store import Store
from tests.collector.storage.stats.support import DAY
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
        ("page=!~pric", ("Page does not contain pric", "Visitors 3")),
        (
            "event=Signup",
            ("Props of Signup", "header 1 1", "Unique conversions 1", "Total conversions 1"),
        ),
        (
            "event=Signup&metric=conversion_rate",
            ("Conversion rate 33.3%", "Google 1 50.0%", "/pricing 1 50.0%", "12:00 50.0%"),
        ),
        # What is not the figures of one event has those of visits.
        ("event=!Signup", ("Event is not Signup", "Bounce rate", "Visitors 3")),
        ("event=Signup&metric=bounce_rate", ("Unique conversions by hour",)),
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
        (
            "period=custom&from=2026-01-01&to=2026-01-02",
            ("newest visit was on Sat 21 Nov 2026", "Nothing in this period"),
        ),
        ("period=12mo", ("Visitors by month, 1 Dec 2025 – 30 Nov 2026", "Nov 2026 5")),
        ("page=/nowhere", ("Nothing in this period fits the filters", "Nothing fits the")),
    ],
)
def test_a_view_shows(url: str, query: str, expected: tuple[str, ...]) -> None:
    page = httpx2.get(f"{url}/?{query}").text
    text = str(Text(page)) + " ".join(re.findall(r'aria-label="([^"]*)"', page))
    for each in expected:
        assert each in text


def test_conversions_have_the_revenue_of_each_currency() -> None:
    orders = [
        replace(event_of(visit, ago, "/cart", "Order"), revenue=revenue)
        for visit, ago, revenue in (
            ("ann", 300, ("EUR", "1200.10")),
            ("bob", 200, ("EUR", "34.40")),
            ("cem", 100, ("USD", "5")),
            ("dan", 100, None),
            ("old", DAY + 600, ("EUR", "617.25")),
        )
    ]
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, orders)
        store.flush()
        for url in served_dashboard(store):
            text = page_text(url, "event=Order")
            assert "Revenue in EUR 1,234.50 ↑ 100%" in text
            assert "Revenue in USD 5.00" in text
            # A filter holds for the revenue, too.
            assert "Revenue in USD" not in page_text(url, "event=Order&event=!Refund&page=/")


def test_the_form_adds_a_filter_to_the_address(url: str) -> None:
    form = {"period": "7d", "source": "Bing", "filter": "source", "operator": "", "value": "Google"}
    answer = httpx2.get(f"{url}/", params=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?period=7d&source=Google")
    answer = httpx2.get(f"{url}/", params={**form, "operator": "!~"})
    assert answer.headers["location"] == "/?period=7d&source=Bing&source=%21~Google"
    # What is no filter changes nothing; an operator that nobody has is refused.
    for name in ("", "prop:", "period", "joy"):
        answer = httpx2.get(f"{url}/", params={**form, "filter": name, "value": "all"})
        assert answer.headers["location"] == "/?period=7d&source=Bing"
    assert httpx2.get(f"{url}/", params={**form, "operator": "?"}).status_code == 400
