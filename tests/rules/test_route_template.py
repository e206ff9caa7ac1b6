"""Route templates in one spelling, and as rules of what counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.path_rules import PathRules
from footfall.rules.route_template import is_catch_all, template
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, django_asgi, django_wsgi, navigation

SPELLINGS = {
    "Starlette": ("/users/{id}", "/users/{id}"),
    "Starlette, with a converter": ("/files/{path:path}", "/files/{path}"),
    "Falcon, with an argument": ("/users/{id:int(min=1)}/a", "/users/{id}/a"),
    "Pyramid": (r"/old/{year:\d{4}}/{rest:.*}", "/old/{year}/{rest}"),
    "Pyramid, the rest of the path": ("/files/*subpath", "/files/{subpath}"),
    "Quart": ("/users/<uuid:id>", "/users/{id}"),
    "Flask": ("/users/<int:id>", "/users/{id}"),
    "Flask, without a converter": ("/users/<id>/", "/users/{id}/"),
    "Django": ("users/<int:id>/", "/users/{id}/"),
    "Django, re_path": (r"^users/(?P<id>[0-9]+)/$", "/users/{id}/"),
    "Django, re_path with a group within": (r"^a/(?P<id>(x|y)+)\.html\Z", "/a/{id}.html"),
    "Django, re_path below a prefix": (r"/^top/(?P<pk>\d+)/$", "/top/{pk}/"),
    "Django, re_path below a path": (r"api/^users/(?P<pk>[^/.]+)/$", "/api/users/{pk}/"),
    "Django, unnamed groups": (r"^news/(\d+)/(\d+)/$", "/news/{var}/{var}/"),
    "Django, an optional part": (r"^x/(?P<a>\w+)(?:/(?P<b>\d+))?/?$", "/x/{a}/{b}/"),
    "Django, an optional group": (r"^x/(?P<a>\w+)(/(?P<b>\d+))?$", "/x/{a}/{b}"),
    "Django, alternatives": (r"^(?:blog|news)/(?P<id>\d+)/$", "/{var}/{id}/"),
    "Django, named alternatives": (r"^(?P<kind>blog|news)/$", "/{kind}/"),
    "Django, a group in a class": (r"^a/(?P<b>[()]+)/$", "/a/{b}/"),
    "Django, a class": (r"^[a-z]+/\d{4}/$", "/{var}/{var}/"),
    "Django, escaped brackets": (r"^wiki/Foo_\(bar\)/$", "/wiki/Foo_(bar)/"),
    "Django, a dot that means one": (r"^robots.txt$", "/robots.txt"),
    "Django, anything": (r"^files/.*$", "/files/{var}"),
    "Django, flags": (r"(?i)^about/$", "/about/"),
    "Django, flags of a part": (r"^(?i:about)/$", "/about/"),
    "Django, a look ahead": (r"^(?!admin)(?P<slug>[\w-]+)/$", "/{slug}/"),
    "Django, a reference": (r"^(?P<a>\w+)/(?P=a)/$", "/{a}/{a}/"),
    "DRF, a router's detail": (r"^users/(?P<pk>[^/.]+)/$", "/users/{pk}/"),
    "DRF, a format": (r"^users\.(?P<format>[a-z0-9]+)/?$", "/users.{format}/"),
    "Flask, a converter with a regex": ('/users/<regex("[a-z(]+"):id>', "/users/{id}"),
    "an open group": (r"^a/(?P<b>\d+", "/a/{b}"),
    "an escape at the end": ("^a\\", "/a"),
    "the root": ("", "/"),
}

CATCH_ALLS = {
    # wagtail/urls.py of Wagtail 7, read 2026-11-30.
    "Wagtail": (r"^((?:[\w\-]+/)*)$", True),
    "Wagtail, WAGTAIL_APPEND_SLASH = False": (r"^([\w\-/]*)$", True),
    "Wagtail, without a slash": (r"((?:[\w\-]+/)*)", True),
    "django CMS": (r"^(?P<slug>[0-9A-Za-z-_.//]+)/$", True),
    "a path": ("<path:url>", True),
    "anything": (r"^(.*)$", True),
    "anything below": (r"^(?P<slug>[\w-]+)/", True),
    "numbers": (r"^((?:\d+/)+)$", True),
    "one part, as a regex": (r"^(?P<slug>[\w-]+)/$", False),
    "one part that is no slash": (r"^([^/]+)$", False),
    "one of several words": (r"^(about|terms)/$", False),
    "one part": ("<slug:slug>/", False),
    "one part, unconverted": ("<slug>/", False),
    "below a folder": ("files/<path:name>", False),
    "a page": ("about/", False),
    "the root": ("", False),
}


@pytest.mark.parametrize(("route", "expected"), CATCH_ALLS.values(), ids=CATCH_ALLS.keys())
def test_a_route_that_leaves_everything_open_is_no_page(route: str, expected: bool) -> None:
    assert is_catch_all(route) is expected


@given(st.text(alphabet="ab/^$()[]{}?*+|\\<>:P.dw-", max_size=40))
def test_any_text_becomes_a_template(route: str) -> None:
    assert template(route).startswith("/")
    is_catch_all(route)


def test_a_long_route_is_read_in_linear_time() -> None:
    for piece in ("(", "[", "\\", "(?P<a>", "a|", "<a:", "{a:", "(?:", "{1", "{a:{b}", "{a:{"):
        assert template("^" + piece * 5_000).startswith("/")


@pytest.mark.parametrize(("route", "expected"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_framework_is_brought_to_one_spelling(route: str, expected: str) -> None:
    assert template(route) == expected


@pytest.mark.parametrize(
    ("exclude", "route", "excluded"),
    [
        (["/users/{id}"], "users/<int:id>/", "exclude /users/{id}"),
        (["/users/{id}/"], "/users/{id:int}", "exclude /users/{id}/"),
        (["/users/{id}"], "/users/{name}", None),
        (["/users/{id}"], None, None),
        (["/users/**", "!/users/{id}"], "/users/{id}", None),
    ],
)
def test_a_template_excludes_the_pages_of_its_route(
    exclude: list[str], route: str | None, excluded: str | None
) -> None:
    rules = PathRules(exclude=exclude)
    assert rules.reads_routes
    assert rules.excluded_by(Hit(path="/users/17", route=route)) == excluded


def test_globs_alone_need_no_route() -> None:
    assert not PathRules(exclude=["/users/*"]).reads_routes


@pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
def test_a_template_works_through_an_adapter(adapter: Any, footfall_outbox: Outbox) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=["/users/{pk}"]) as call:
        call(navigation("/users/17/"))
        call(navigation("/page"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]
