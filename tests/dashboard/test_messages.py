"""A request for the dashboard and the response to it."""

from __future__ import annotations

from typing import Any

from footfall.dashboard.messages import DashboardRequest, text_response


def request(headers: list[tuple[bytes, bytes]], **scope: Any) -> DashboardRequest:
    return DashboardRequest(
        scope={"method": "GET", "headers": headers, **scope},
        root="/shop/stats",
        path="",
        is_debug=False,
        ask=bool,
    )


def test_repeated_headers_are_joined() -> None:
    headers = request([(b"Host", b"a"), (b"host", b"b"), (b"x", b"1")]).headers
    assert headers == {"host": "a,b", "x": "1"}


def test_what_a_server_leaves_out() -> None:
    bare = request([])
    assert (bare.query, bare.peer, bare.is_secure) == ("", None, False)


def test_a_proxy_may_say_that_the_browser_came_over_tls() -> None:
    assert request([(b"x-forwarded-proto", b"https, http")]).is_secure
    assert not request([(b"x-forwarded-proto", b"http")]).is_secure
    assert request([], scheme="https").is_secure


def test_the_pages_know_nothing_of_the_apps_scope() -> None:
    scope = request([], app=1, router=2, state={}, extensions={}, path_params={}).page_scope()
    assert (scope["root_path"], scope["path"]) == ("/shop/stats", "/shop/stats/")
    assert scope.keys().isdisjoint({"app", "router", "state", "extensions", "path_params"})


def test_a_text_is_one_line() -> None:
    status, headers, body = text_response(403, "No.", [("x", "y")])
    assert (status, body) == (403, b"No.\n")
    assert {("content-length", "4"), ("cache-control", "no-store"), ("x", "y")} <= {*headers}
