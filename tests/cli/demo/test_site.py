"""The demo's site: its pages, its form, and its server."""

from __future__ import annotations

import socket

import httpx2
import pytest

from footfall.cli.demo.site import served
from footfall.errors import ConfigError
from footfall.tracker import Tracker


@pytest.fixture
def tracker() -> Tracker:
    return Tracker.from_options({"destinations": []}, environ={})


@pytest.mark.parametrize(
    ("path", "status", "media_type"),
    [
        ("/", 200, "text/html"),
        ("/pricing", 200, "text/html"),
        ("/mugs/river", 200, "text/html"),
        ("/journal/how-a-glaze-runs", 200, "text/html"),
        ("/static/style.css", 200, "text/css"),
        ("/static/logo.svg", 200, "image/svg+xml"),
        ("/favicon.ico", 200, "image/x-icon"),
        ("/guide.pdf", 200, "application/pdf"),
        ("/missing", 404, "text/html"),
    ],
)
def test_each_path_has_its_kind(tracker: Tracker, path: str, status: int, media_type: str) -> None:
    with served(tracker, 0) as url:
        response = httpx2.get(url + path)
    assert response.status_code == status
    assert response.headers["content-type"].partition(";")[0] == media_type


def test_the_form_leads_to_a_page(tracker: Tracker) -> None:
    with served(tracker, 0) as url:
        response = httpx2.post(f"{url}/signup", follow_redirects=True)
    assert (response.status_code, response.url.path) == (200, "/thanks")


def test_the_server_ends_with_the_block(tracker: Tracker) -> None:
    with served(tracker, 0) as url:
        httpx2.get(url)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


def test_a_port_that_is_taken_has_a_remedy(tracker: Tracker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="choose another --port"), served(tracker, port):
            pass


def test_pages_link_to_the_dashboard_and_name_what_was_tried(tracker: Tracker) -> None:
    with served(tracker, 0, "http://127.0.0.1:9") as url:
        page = httpx2.get(f"{url}/?tried=bot").text
        plain = httpx2.get(f"{url}/?tried=<b>").text
        missing = httpx2.post(f"{url}/try/nothing").status_code
        order = httpx2.post(f"{url}/order/river").headers["location"]
        assert httpx2.post(f"{url}/order/nothing").status_code == 404
    assert '<a href="http://127.0.0.1:9/live">' in page
    assert "GPTBot asked for /pricing" in page
    assert 'role="status"' not in plain
    assert (missing, order) == (404, "/thanks")
