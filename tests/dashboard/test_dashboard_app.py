"""The dashboard as every adapter shows it: the pages, who may look, and what goes wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import footfall
from footfall.collector.site_file import SiteFile
from footfall.config import Config
from footfall.dashboard.dashboard_app import dashboard_from
from footfall.errors import ConfigError
from tests.dashboard.support import (
    CHEAP_HASH,
    PASSWORD,
    TOKEN,
    basic,
    header,
    local,
    opens,
    options,
    remote,
)
from tests.support.adapters import ADAPTERS, Call, Raw, navigation
from tests.support.waiting import LONG_SECONDS

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Any:
    return ADAPTERS[request.param]


@pytest.fixture
def site(adapter: Any, tmp_path: Path) -> Iterator[Call]:
    with adapter(**options(tmp_path)) as call:
        yield call


# -- the pages ---------------------------------------------------------------------------------


def test_the_pages_show_what_the_app_has_counted(site: Call) -> None:
    site(navigation("/page"))
    assert footfall.flush(LONG_SECONDS)
    dashboard, live = site(local("/stats")), site(local("/stats/live"))
    assert b">/page</bdi>" in live.body
    assert b"Unique visitors" in dashboard.body or b"Visitors" in dashboard.body
    assert b'href="/stats/live"' in dashboard.body
    event = site(local("/stats/live/1"))
    assert (event.status, b"/page" in event.body) == (200, True)
    for answer in (dashboard, live, event):
        assert {name: header(answer, name) for name in HEADERS} == HEADERS
        assert (header(answer, "cache-control") or "").startswith("no-store")
        assert header(answer, "content-length") == str(len(answer.body))


def test_no_page_names_what_only_a_collector_has(site: Call) -> None:
    empty = [site(local(f"/stats{path}")).body for path in ("", "/live", "/live/9")]
    site(navigation("/page"))
    assert footfall.flush(LONG_SECONDS)
    full = [site(local(f"/stats{path}")).body for path in ("", "/live", "/live/1")]
    for page in (*empty, *full):
        assert b"/api/" not in page
        assert b"curl" not in page


def test_the_live_page_asks_again_for_what_is_new(site: Call) -> None:
    first = site(local("/stats/live/stream", "after=0-0"))
    assert header(first, "content-type") == "text/event-stream; charset=utf-8"
    assert first.body == b"retry: 2000\n\nid: 0-0\n\n"
    site(navigation("/page"))
    assert footfall.flush(LONG_SECONDS)
    second = site(local("/stats/live/stream", "after=0-0", last_event_id="0-0")).body.decode()
    assert second.startswith("retry: 2000\n\nid: 1-0\ndata: [")
    assert second.endswith("id: 1-0\n\n")


def test_browsers_keep_static_files_for_a_while(site: Call) -> None:
    first = site(local("/stats/static/base.css"))
    assert header(first, "content-type") == "text/css; charset=utf-8"
    assert header(first, "cache-control") == "private, max-age=300"
    again = site(local("/stats/static/base.css", if_none_match=header(first, "etag")))
    assert (again.status, again.body) == (304, b"")


NOTHING_HERE: Final = ("/api/v1/events", "/api/event", "/log", "/events/stream", "/static/x.css")


def test_nothing_of_a_collector_is_offered(site: Call) -> None:
    found = [site(local(f"/stats{path}")).status for path in NOTHING_HERE]
    assert found == [404] * len(NOTHING_HERE)


def test_the_pages_can_only_be_read(site: Call) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in ("/stats", "/stats/api/v1/events", "/stats/api/event"):
            raw = replace(local(path), method=method, body=b"{}")
            assert site(raw).status == 405


def test_a_head_request_has_no_body(site: Call) -> None:
    answer = site(replace(local(), method="HEAD"))
    assert (answer.status, answer.body) == (200, b"")
    assert int(header(answer, "content-length") or 0) > 1_000


def test_other_paths_are_the_apps(site: Call) -> None:
    for target in ("/", "/page", "/statistics", "/a/stats"):
        assert site(local(target)).body == b"<h1>Page</h1>"


def test_own_requests_are_no_hits(site: Call) -> None:
    for target in ("/stats", "/stats/live", "/stats/static/base.css", "/stats/nothing"):
        site(local(target))
    site(remote())
    found = footfall.stats()
    assert (found["captured"], found["reasons"], found["errors"]) == (0, {}, 0)


def test_an_app_that_counts_nothing_still_has_its_figures(adapter: Any, tmp_path: Path) -> None:
    with adapter(**options(tmp_path, enabled=False)) as call:
        assert opens(call, local())
        assert call(local("/page")).body == b"<h1>Page</h1>"


# -- who may look ------------------------------------------------------------------------------


def _may(request: Any) -> bool:
    return bool(request.headers.get("x-admin") == "yes")


def _fails(request: Any) -> bool:
    raise ZeroDivisionError


async def _not_asked(request: Any) -> bool:
    return False


BEARER: Final = f"Bearer {TOKEN}"
SEVERAL: Final = {"dashboard_token": TOKEN, "dashboard_password": PASSWORD, "dashboard_allow": _may}
WAYS: Final[dict[str, tuple[dict[str, Any], Raw, int]]] = {
    "default-local": ({}, local(), 200),
    "default-local-ipv6": ({}, local(host="[::1]:8000"), 200),
    "default-remote": ({}, remote(), 403),
    "default-remote-that-names-this-machine": ({}, remote(host="localhost"), 403),
    "default-rebound-name": ({}, local(host="evil.example"), 403),
    "default-no-host": ({}, local(host=None), 403),
    "default-two-hosts": ({}, local(host="localhost,evil.example"), 403),
    "default-caddy": ({}, local(x_forwarded_for="198.51.100.7"), 403),
    "default-forged-address": ({}, local(x_forwarded_for="127.0.0.1"), 403),
    "default-cloudflare": ({}, local(cf_connecting_ip="127.0.0.1"), 403),
    "default-apache": ({}, local(x_forwarded_server="example.com"), 403),
    "default-standard": ({}, local(forwarded="for=127.0.0.1"), 403),
    "default-nginx": ({}, local(connection="close"), 403),
    "default-apache-and-waitress": ({}, local(connection="Keep-Alive"), 403),
    "default-nginx-1.30": ({}, local(connection=None), 403),
    "token-none": ({"dashboard_token": TOKEN}, local(), 401),
    "token-wrong": ({"dashboard_token": TOKEN}, remote("/stats", "token=x"), 401),
    "token-right": ({"dashboard_token": TOKEN}, remote("/stats", f"token={TOKEN}"), 303),
    "token-bearer": ({"dashboard_token": TOKEN}, remote(authorization=BEARER), 200),
    "token-as-cookie": (
        {"dashboard_token": TOKEN},
        remote(cookie=f"footfall_token={TOKEN}"),
        401,
    ),
    "password-none": ({"dashboard_password": PASSWORD}, local(), 401),
    "password-right": (
        {"dashboard_password": PASSWORD},
        remote(authorization=basic("ada", "secret")),
        200,
    ),
    "password-wrong": (
        {"dashboard_password": PASSWORD},
        remote(authorization=basic("ada", "Secret")),
        401,
    ),
    "password-of-another": (
        {"dashboard_password": f"eve:{CHEAP_HASH}"},  # few guesses of one are looked at
        remote(authorization=basic("bob", "secret")),
        401,
    ),
    "allow-yes": ({"dashboard_allow": _may}, remote(x_admin="yes"), 200),
    "allow-no": ({"dashboard_allow": _may}, local(x_admin="no"), 403),
    "allow-no-boolean": ({"dashboard_allow": lambda request: "yes"}, local(), 403),
    "allow-nothing": ({"dashboard_allow": lambda request: None}, local(), 403),
    "allow-fails": ({"dashboard_allow": _fails}, local(), 403),
    "allow-coroutine": ({"dashboard_allow": _not_asked}, local(), 403),
    "several-none": (SEVERAL, local(), 401),
    "several-one": (SEVERAL, remote(x_admin="yes"), 200),
    "several-another": (SEVERAL, remote(authorization=basic("ada", "secret")), 200),
}


def test_who_may_look(adapter: Any, tmp_path: Path) -> None:
    found: dict[str, set[int]] = {}
    for given in _distinct(given for given, _, _ in WAYS.values()):
        with adapter(**options(tmp_path, **given)) as call:
            ways = {name: raw for name, (each, raw, _) in WAYS.items() if each == given}
            found |= {name: _statuses(call, raw) for name, raw in ways.items()}
    assert found == {name: {status} for name, (_, _, status) in WAYS.items()}


def _distinct(each: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for given in each:
        found += [] if given in found else [given]
    return found


def _statuses(call: Call, raw: Raw) -> set[int]:
    """The status of the page; and of a file and another page, which are as little open."""
    answer = call(raw)
    assert header(answer, "x-robots-tag") == "noindex"
    assert (b"<title>" in answer.body) == (answer.status == 200)
    others = [replace(raw, target=b"/stats" + path) for path in (b"/static/live.js", b"/live")]
    return {answer.status, *(call(each).status for each in others)}


def test_the_token_is_typed_once(adapter: Any, tmp_path: Path) -> None:
    with adapter(**options(tmp_path, dashboard_token=TOKEN)) as call:
        entry = call(remote("/stats/live", f"show=tracked&token={TOKEN}"))
        assert header(entry, "location") == "/stats/live?show=tracked"
        cookie, *attributes = (header(entry, "set-cookie") or "").split("; ")
        assert {"HttpOnly", "SameSite=Lax", "Path=/stats", "Max-Age=2592000"} <= {*attributes}
        assert TOKEN not in cookie
        assert opens(call, remote("/stats/live", cookie=f"other=1; {cookie}"))
        assert not opens(call, remote(cookie=cookie[:-1]))


def test_a_refusal_is_explained_once(site: Call, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        answer = site(remote())
    assert b"dashboard_token, dashboard_password or dashboard_allow" in answer.body
    [line] = [each for each in caplog.records if each.name == "footfall" and each.levelno >= 30]
    assert "the dashboard was refused" in line.getMessage()
    assert "dashboard_token" in line.getMessage()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"dashboard_allow": _fails}, "dashboard_allow failed: ZeroDivisionError in "),
        ({"dashboard_allow": lambda request: 1}, "dashboard_allow returned int"),
    ],
)
def test_a_function_that_cannot_answer_is_named(
    adapter: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, given: Any, text: str
) -> None:
    with adapter(**options(tmp_path, **given)) as call:
        assert call(local()).status == 403
    assert text in caplog.text


# -- the shared dashboard -----------------------------------------------------------------------

SHARE_TOKEN: Final = "a-share-token_of-24.chars"
SHARED: Final = f"/stats/shared/{SHARE_TOKEN}"


@pytest.fixture
def shared_site(adapter: Any, tmp_path: Path) -> Iterator[Call]:
    given = options(tmp_path, dashboard_share_token=SHARE_TOKEN, dashboard_token=TOKEN)
    given["destinations"] += "?domain=example.com"
    with adapter(**given) as call:
        yield call


def test_whoever_has_the_address_sees_the_figures_and_nothing_else(shared_site: Call) -> None:
    empty = shared_site(remote(f"{SHARED}/")).body
    assert b"as soon as somebody has visited" in empty
    assert b"/live" not in empty
    shared_site(navigation("/page"))
    assert footfall.flush(LONG_SECONDS)
    page = shared_site(remote(f"{SHARED}/"))
    assert (page.status, b"/page" in page.body) == (200, True)
    assert {name: header(page, name) for name in HEADERS} == HEADERS
    links = re.findall(r'(?:href|src|action|data-url)="([^"#]+)', page.body.decode())
    assert [link for link in links if not link.startswith(f"{SHARED}/")] == []
    assert b"/page,1,1" in shared_site(remote(f"{SHARED}/figures/pages.csv")).body
    assert shared_site(remote(f"{SHARED}/now")).body == b'{"visitors":1}'
    assert shared_site(remote(f"{SHARED}/static/base.css")).status == 200
    entry = shared_site(remote(SHARED, "period=7d"))
    assert (entry.status, header(entry, "location")) == (307, f"{SHARED}/?period=7d")
    for path in ("live", "live/1", "live/stream", "api/v1/events", "shared/x/"):
        assert shared_site(remote(f"{SHARED}/{path}")).status == 404
    assert shared_site(replace(remote(f"{SHARED}/"), method="POST")).status == 405


def test_the_address_opens_no_other_page_and_no_other_address_opens_it(shared_site: Call) -> None:
    for slug in ("", "x", SHARE_TOKEN[:-1], f"{SHARE_TOKEN}x", TOKEN.replace(" ", "%20"), "%C3%A9"):
        answer = shared_site(remote(f"/stats/shared/{slug}/"))
        assert (answer.status, answer.body) == (404, b"This link leads nowhere.\n")
    assert shared_site(remote()).status == 401
    assert shared_site(remote(query=f"token={SHARE_TOKEN}")).status == 401
    assert shared_site(remote(authorization=f"Bearer {SHARE_TOKEN}")).status == 401
    for path in ("/stats/shared", f"{SHARED}/../../live", f"/stats/live/shared/{SHARE_TOKEN}/"):
        assert shared_site(remote(path)).status in (401, 404)


def test_without_the_option_there_is_no_such_address(site: Call) -> None:
    assert site(remote(f"{SHARED}/")).status == 403
    assert site(local(f"{SHARED}/")).status == 404


# -- what goes wrong ---------------------------------------------------------------------------


def test_a_broken_file_is_no_error_of_the_app(
    adapter: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "footfall.sqlite3").write_bytes(b"no database " * 1_000)
    with adapter(**options(tmp_path)) as call:
        answers = [call(local()) for _ in range(3)]
        assert call(navigation("/page")).body == b"<h1>Page</h1>"
    assert {(each.status, each.body) for each in answers} == {
        (503, b"The figures cannot be shown at the moment; the app's log says why.\n")
    }
    lines = [each for each in caplog.messages if "the dashboard could not be shown" in each]
    assert len(lines) == 1


def test_a_fault_inside_is_no_error_of_the_app(
    site: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(SiteFile, "store", property(lambda _: 1 / 0))
    assert site(local()).status == 503
    assert "could not be shown: ZeroDivisionError in " in caplog.text


def test_a_deleted_file_is_made_anew(site: Call, tmp_path: Path) -> None:
    site(navigation("/page"))
    assert footfall.flush(LONG_SECONDS)
    assert opens(site, local())
    for each in tmp_path.iterdir():
        each.unlink()
    assert b"Nothing has arrived yet" in site(local()).body


def test_staff_is_known_to_django_alone(tmp_path: Path) -> None:
    config = Config.load(options(tmp_path, dashboard_allow="staff"), environ={})
    dashboard_from(config, knows_staff=True)
    with pytest.raises(ConfigError, match="dashboard_allow='staff': is for Django"):
        dashboard_from(config)


UNOPENED: Final = """
import sys
from {module} import FootfallMiddleware
def app(*_): raise AssertionError
wrapped = FootfallMiddleware(app, destinations="sqlite:///f.sqlite3", dashboard="/stats")
from tests.support.raw_requests import {call}, navigation
raw = navigation("/stats", headers={{"Host": "localhost", "Connection": "keep-alive"}})
assert {call}(wrapped, raw).status == 403
print(*sorted({{"starlette", "jinja2", "anyio"}} & {{*sys.modules}}))
import dataclasses
assert {call}(wrapped, dataclasses.replace(raw, peer="127.0.0.1")).status == 200
print(*sorted({{"starlette", "jinja2"}} & {{*sys.modules}}))
"""


@pytest.mark.parametrize(
    ("module", "call"), [("footfall.wsgi", "call_wsgi"), ("footfall.asgi", "call_asgi")]
)
def test_nothing_is_loaded_until_somebody_may_look(module: str, call: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", UNOPENED.format(module=module, call=call)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["", "jinja2 starlette"], done.stderr
