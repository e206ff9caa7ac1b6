"""The dashboard of one site at a secret address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.app import create_app
from footfall.collector.storage.store import Store
from footfall.errors import ConfigError
from tests.collector.support import PAGEVIEW

TOKEN: Final = "correct-horse-battery"


@pytest.fixture(scope="module")
def server() -> Iterator[CollectorServer]:
    """A collector with a token and two sites, of which one is shared."""
    with CollectorServer(token=TOKEN, share=["a.test"]) as server:
        for domain, path in (("a.test", "mine"), ("b.test", "theirs")):
            event = PAGEVIEW | {"domain": domain, "url": f"https://{domain}/{path}"}
            httpx2.post(f"{server.url}/api/event", json=event).raise_for_status()
        assert server.store.flush()
        yield server


@pytest.mark.parametrize("query", ["", "?domain=b.test", "?domain=", "?period=30d&domain=a.test"])
def test_it_shows_that_site_alone_without_a_token(server: CollectorServer, query: str) -> None:
    answer = httpx2.get(f"{server.shared['a.test']}{query}").raise_for_status()
    page = answer.text
    assert "/mine" in page
    assert "theirs" not in page
    assert "b.test" not in page
    assert answer.headers["x-robots-tag"] == "noindex"


def test_all_its_links_stay_there(server: CollectorServer) -> None:
    root = urlsplit(server.shared["a.test"]).path
    page = httpx2.get(server.shared["a.test"]).text
    links = re.findall(r'(?:href|src|action|data-url)="([^"#]+)', page)
    assert len(links) > 40
    assert [link for link in links if not link.startswith(root)] == []
    for link in links:
        if "/static/" in link or ".csv" in link or "/now" in link:
            assert httpx2.get(f"{server.url}{link.replace('&amp;', '&')}").status_code == 200
    csv = httpx2.get(f"{server.shared['a.test']}figures/pages.csv?domain=b.test").text
    assert csv.splitlines()[1:] == ["/mine,1,1"]
    assert httpx2.get(f"{server.shared['a.test']}now?domain=b.test").json() == {"visitors": 1}
    answer = httpx2.get(f"{server.shared['a.test']}?filter=domain&value=b.test")
    assert answer.headers["location"] == f"{root}?domain=a.test"


@pytest.mark.parametrize(
    "path", ["live", "live/1", "api/v1/events", "live/stream", "events/stream"]
)
def test_nothing_else_is_there(server: CollectorServer, path: str) -> None:
    shared = server.shared["a.test"]
    assert httpx2.get(f"{shared}{path}").status_code == 404
    assert httpx2.delete(f"{shared}{path}").status_code == 404
    assert httpx2.get(f"{server.url}/{path}").status_code == 401


@pytest.mark.parametrize("slug", ["", "guessed", "a.test", "%00", "é"])
def test_a_guess_leads_nowhere(server: CollectorServer, slug: str) -> None:
    assert httpx2.get(f"{server.url}/shared/{slug}/").status_code == 404


def test_the_address_stays_until_the_site_is_no_longer_shared(tmp_path: Path) -> None:
    def addresses(*domains: str) -> dict[str, str]:
        with closing(Store(tmp_path / "file.sqlite3")) as store:
            found: dict[str, str] = create_app(store, share=domains).state.shared_paths
            return found

    first = addresses("a.test", "b.test")
    assert [*first] == ["a.test", "b.test"]
    assert addresses("a.test") == {"a.test": first["a.test"]}
    again = addresses("a.test", "b.test")
    assert again["a.test"] == first["a.test"]
    assert again["b.test"] != first["b.test"]
    assert addresses() == {}


def test_a_domain_that_does_not_exist_is_not_shared() -> None:
    with pytest.raises(ConfigError, match=r"share.*a\.test"):
        CollectorServer(domains=["a.test"], share=["c.test"])
