"""The cards of the dashboard: how long their lists are, and their rows as CSV."""

from __future__ import annotations

from contextlib import closing

import httpx2

from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.web.dashboard.support import NOON, event_of, page_text, served_dashboard


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
            # A search finds what the short list does not show.
            found = page_text(url, "more=pages&find=E-1")
            assert "/page-11 1 1" in found
            assert "/page-02" not in found
            assert "Show fewer" in found
            assert "Nothing contains zzz." in page_text(url, "more=pages&find=zzz")


def test_no_cell_of_the_csv_is_a_formula() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, [event_of("v", 60, "/", "=cmd()", props={"+k": '@v,"'})])
        store.flush()
        for url in served_dashboard(store):
            events = httpx2.get(f"{url}/figures/events.csv").text
            props = httpx2.get(f"{url}/figures/events.csv", params={"event": "==cmd()"}).text
    assert events.splitlines()[1].startswith("'=cmd(),1")
    assert props.splitlines() == ["'+k,Visitors,Times", '"\'@v,""",1,1']


def test_pages_have_their_time_and_depth_where_scripts_tell_it() -> None:
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, [event_of("v", 90), event_of("v", 80, "/untold")])
        store.flush()
        for url in served_dashboard(store):
            before = httpx2.get(f"{url}/figures/pages.csv").text
            viewed = event_of("v", 60, "/", "engagement", engagement=(65_000, 80))
            enqueue(store, [viewed])
            store.flush()
            after = httpx2.get(f"{url}/figures/pages.csv").text
            text = page_text(url)
            events = httpx2.get(f"{url}/figures/events.csv").text
            filtered = httpx2.get(f"{url}/figures/pages.csv?source=Direct%20%2F%20None").text
    assert before.splitlines() == ["Page,Visitors,Views", "/,1,1", "/untold,1,1"]
    expected = ["Page,Visitors,Views,Time,Scroll", "/,1,1,65,80", "/untold,1,1,,"]
    assert after.splitlines() == filtered.splitlines() == expected
    assert "Page Visitors Views Time Scroll / 1 1 1m 05s 80% /untold 1 1 – –" in text
    # It is no event, no pageview and no part of the visit's duration.
    assert events.splitlines() == ["Event,Visitors,Times,Rate"]
    assert "2 Pageviews" in text or "Pageviews 2" in text
