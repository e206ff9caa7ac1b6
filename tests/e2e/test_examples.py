"""Every example starts with one command and prints its events, and the collector gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.conftest import CollectedEvents, select_fields
from tests.e2e.servers import EXAMPLES, ROOT, ServerSpec, each_server, running, script

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE_SERVERS: Final = {
    "django_site": script(
        "examples/django_site/manage.py", "runserver", "127.0.0.1:{port}", folder=ROOT
    ),
    **{
        name: script(f"examples/{name}.py", folder=ROOT)
        for name in ("flask_app", "fastapi_app", "plain_wsgi", "plain_asgi")
    },
}


@each_server(EXAMPLE_SERVERS)
def test_an_example_runs_with_one_command(
    spec: ServerSpec, collected: CollectedEvents, tmp_path: Path
) -> None:
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=collected.dsn) as server:
        with _client(server.url) as client:
            landing = client.get("/")
            signed_up = client.post("/signup", data=_form(landing))
            guide = client.get("/guide.pdf")
            missing = client.get("/missing")
        events = collected.wait_for(4)
        log = server.log
    assert [landing.status_code, signed_up.url.path, guide.status_code, missing.status_code] == [
        200,
        "/thanks",
        200,
        404,
    ]
    assert select_fields(events, "name", "path") == [
        {"name": "pageview", "path": "/"},
        {"name": "Signup", "path": "/signup"},
        {"name": "pageview", "path": "/thanks"},
        {"name": "File Download", "path": "/guide.pdf"},
    ]
    for event in events:
        assert f"→ {event['name']}  {event['url']}" in log


@pytest.mark.server
def test_the_custom_events_all_belong_to_one_client(
    collected: CollectedEvents, tmp_path: Path
) -> None:
    spec = script("examples/custom_events.py", folder=ROOT)
    with running(spec, tmp_path, FOOTFALL_DESTINATIONS=collected.dsn) as server:
        with _client(server.url) as client:
            for path in ("/", "/drafts/shop"):
                client.get(path).raise_for_status()
            assert client.post("/order").url.path == "/thanks"
        events = collected.wait_for(4)
        server.stop()
    nothing: dict[str, Any] = {"props": {}, "revenue": None}
    # The payment is tracked by a background thread, so its place in the order varies.
    assert sorted(select_fields(events, "name", "path", "props", "revenue"), key=str) == sorted(
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
    assert len({event["visitor"] for event in events}) == 1
    assert collected.events() == events


def test_no_example_is_left_out() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.py")} | {"django_site"}
    assert files == {*EXAMPLE_SERVERS, "custom_events", "pages"}


def _client(url: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers=NAVIGATION, follow_redirects=True)


def _form(page: httpx2.Response) -> dict[str, str]:
    """Django expects its CSRF token back."""
    token = page.cookies.get("csrftoken")
    return {"csrfmiddlewaretoken": token} if token else {}
