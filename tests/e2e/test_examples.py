"""Every example starts with its one command, prints its events, and they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.conftest import EventQueue, of
from tests.e2e.servers import EXAMPLES, ROOT, Site, each, running, script

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE_SITES: Final = {
    "django_site": script(
        "examples/django_site/manage.py", "runserver", "127.0.0.1:{port}", folder=ROOT
    ),
    **{
        name: script(f"examples/{name}.py", folder=ROOT)
        for name in ("flask_app", "fastapi_app", "plain_wsgi", "plain_asgi")
    },
}


@each(EXAMPLE_SITES)
def test_an_example_runs_with_one_command(site: Site, ledger: EventQueue, tmp_path: Path) -> None:
    with running(site, tmp_path, FOOTFALL_DESTINATIONS=ledger.dsn) as server:
        with _visitor(server.url) as client:
            landing = client.get("/")
            signed_up = client.post("/signup", data=_form(landing))
            guide = client.get("/guide.pdf")
            missing = client.get("/missing")
        told = ledger.wait_for(4)
        log = server.log
    assert [landing.status_code, signed_up.url.path, guide.status_code, missing.status_code] == [
        200,
        "/thanks",
        200,
        404,
    ]
    assert of(told, "name", "path") == [
        {"name": "pageview", "path": "/"},
        {"name": "Signup", "path": "/signup"},
        {"name": "pageview", "path": "/thanks"},
        {"name": "File Download", "path": "/guide.pdf"},
    ]
    for event in told:
        assert f"→ {event['name']}  {event['url']}" in log


@pytest.mark.server
def test_the_custom_events_all_belong_to_one_visitor(ledger: EventQueue, tmp_path: Path) -> None:
    site = script("examples/custom_events.py", folder=ROOT)
    with running(site, tmp_path, FOOTFALL_DESTINATIONS=ledger.dsn) as server:
        with _visitor(server.url) as client:
            for path in ("/", "/drafts/shop"):
                client.get(path).raise_for_status()
            assert client.post("/order").url.path == "/thanks"
        told = ledger.wait_for(4)
        server.stop()
    nothing: dict[str, Any] = {"props": {}, "revenue": None}
    # The payment is made known in the background, at a time of its own.
    assert sorted(of(told, "name", "path", "props", "revenue"), key=str) == sorted(
        [
            {"name": "pageview", "path": "/", **nothing, "props": {"logged_in": "false"}},
            {"name": "Order", "path": "/order", **nothing, "props": {"plan": "pro"}},
            {"name": "pageview", "path": "/thanks", **nothing},
            {
                "name": "Payment",
                "path": "/order",
                **nothing,
                "revenue": {"currency": "EUR", "amount": "19.99"},
            },
        ],
        key=str,
    )
    assert len({event["visitor"] for event in told}) == 1
    assert ledger.events() == told


def test_no_example_is_left_out() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.py")} | {"django_site"}
    assert files == {*EXAMPLE_SITES, "custom_events", "pages"}


def _visitor(url: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers=NAVIGATION, follow_redirects=True)


def _form(page: httpx2.Response) -> dict[str, str]:
    """Django wants its token back."""
    token = page.cookies.get("csrftoken")
    return {"csrfmiddlewaretoken": token} if token else {}
