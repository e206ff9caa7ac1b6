"""The pages alone, as an app shows them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from footfall.collector import Store
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.collector.pages import create_pages
from footfall.collector.storage.recent_hits import RecentHits
from tests.support.raw_requests import Raw, call_asgi


@pytest.fixture
def pages(tmp_path: Path) -> Any:
    with_store = Store(tmp_path / "footfall.sqlite3")
    yield create_pages(with_store, RejectedRequests(), RecentHits())
    with_store.close()


def test_they_are_these_and_no_other(pages: Starlette) -> None:
    routes = [route.path for route in pages.routes if isinstance(route, Route)]
    assert routes == [
        "/",
        "/now",
        "/figures/{table}.csv",
        "/live",
        "/live/notices",
        "/live/stream",
        "/live/{key}",
        "/static/{name}",
    ]


def test_they_work_on_an_event_loop_and_without(pages: Starlette) -> None:
    answer = call_asgi(pages, Raw(target=b"/"))
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("no page reads a body")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [],
    }
    with pytest.raises(StopIteration):
        pages(scope, receive, send).send(None)
    assert (sent[0]["status"], answer.status) == (200, 200)
    assert len(sent[1]["body"]) == len(answer.body)
    asyncio.run(asyncio.sleep(0))


def test_before_the_first_event_they_name_the_page_that_says_why(pages: Starlette) -> None:
    page = call_asgi(pages, Raw(target=b"/")).body.decode()
    _, _, found = page.partition("Nothing has arrived yet")
    assert "why one does not count" in found
    assert 'href="/live"' in found.partition("</section>")[0]
