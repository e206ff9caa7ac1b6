"""Who may look, in debug mode and at the edges; the table is that of all adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from footfall.collector.access_token import cookie_value
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.dashboard.access_rules import AccessRules
from footfall.dashboard.messages import DashboardRequest
from tests.dashboard.support import TOKEN, options


def status(path: Path, headers: dict[str, str], **given: Any) -> int | None:
    """The status of the refusal; None where there is none."""
    request = {
        "method": given.pop("method", "GET"),
        "client": given.pop("client", ("127.0.0.1", 1)),
        "query_string": given.pop("query", b""),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    is_debug, root = given.pop("is_debug", False), given.pop("root", "/stats")
    config = Config.load(options(path, **given), environ={})
    assert config.dashboard_options is not None
    rules = AccessRules(config.dashboard_options, config.resolver, ThrottledLog())
    refusal = rules.refusal(
        DashboardRequest(scope=request, root=root, path="/live", is_debug=is_debug, ask=bool)
    )
    return None if refusal is None else refusal.status


DIRECT = {"connection": "keep-alive"}


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost:8000", None),
        ("app.localhost", None),
        ("127.0.0.1", None),
        ("[::1]:5000", None),
        ("192.168.1.5:8000", None),
        ("[fe80::1]", None),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.nip.io", 403),
        ("", 403),
        ("localhost,evil.example", 403),
    ],
)
def test_in_debug_mode_a_local_address_opens_it(
    tmp_path: Path, host: str, found: int | None
) -> None:
    assert status(tmp_path, {"host": host}, is_debug=True, client=("10.0.0.7", 1)) == found


@pytest.mark.parametrize(
    ("client", "trusted_proxies", "found"),
    [
        (("127.0.0.1", 1), "auto", None),
        (("::1", 1), "auto", None),
        (("::ffff:127.0.0.1", 1), "auto", None),
        (("127.0.0.1", 1), (), None),
        (("10.0.0.7", 1), "auto", 403),
        (("testclient", 1), "auto", 403),
        (None, "auto", 403),  # a unix socket, behind which a proxy is
    ],
)
def test_otherwise_the_browser_is_on_this_machine(
    tmp_path: Path, client: Any, trusted_proxies: Any, found: int | None
) -> None:
    headers = {"host": "localhost", **DIRECT}
    assert status(tmp_path, headers, client=client, trusted_proxies=trusted_proxies) == found


@pytest.mark.parametrize(
    "given", [{"client_ip_header": "x-own"}, {"client_ip": lambda headers, peer: "127.0.0.1"}]
)
def test_an_address_in_a_header_does_not_open_it(tmp_path: Path, given: dict[str, Any]) -> None:
    headers = {"host": "localhost", "x-own": "127.0.0.1", **DIRECT}
    assert status(tmp_path, headers, client=("198.51.100.7", 1), **given) == 403
    assert status(tmp_path, headers, **given) is None


def test_debug_mode_opens_nothing_that_the_owner_has_closed(tmp_path: Path) -> None:
    headers = {"host": "localhost", **DIRECT}
    assert status(tmp_path, headers, is_debug=True, dashboard_token=TOKEN) == 401


def test_who_may_look_may_change_nothing(tmp_path: Path) -> None:
    headers = {"host": "localhost", "authorization": f"Bearer {TOKEN}"}
    assert status(tmp_path, headers, dashboard_token=TOKEN) is None
    assert status(tmp_path, headers, dashboard_token=TOKEN, method="DELETE") == 405


@pytest.mark.parametrize(
    "cookie", ["footfall_token", "footfall_token=", '"', "=;=", "footfall_token=\xe9", "a=b; {"]
)
def test_any_cookie_may_come(tmp_path: Path, cookie: str) -> None:
    assert status(tmp_path, {"cookie": cookie}, dashboard_token=TOKEN) == 401


def test_another_port_of_the_host_may_have_a_cookie_too(tmp_path: Path) -> None:
    ours, others = (f"footfall_token={cookie_value(each)}" for each in (TOKEN, "another"))
    for cookie in (f"{ours}; {others}", f"a=b; {others};{ours}"):
        assert status(tmp_path, {"cookie": cookie}, dashboard_token=TOKEN) is None
    assert status(tmp_path, {"cookie": others}, dashboard_token=TOKEN) == 401


def test_any_query_may_come(tmp_path: Path) -> None:
    for query in (b"token", b"token=", b"%ff&token=%ff", b"&" * 10_000):
        assert status(tmp_path, {}, dashboard_token=TOKEN, query=query) == 401
