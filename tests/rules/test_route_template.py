"""Route templates in one spelling, and as rules of what counts."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.model import Hit
from footfall.rules.path_rules import PathRules
from footfall.rules.route_template import template
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, django_asgi, django_wsgi, navigation

SPELLINGS = {
    "Starlette": ("/users/{id}", "/users/{id}"),
    "Starlette, with a converter": ("/files/{path:path}", "/files/{path}"),
    "Flask": ("/users/<int:id>", "/users/{id}"),
    "Flask, without a converter": ("/users/<id>/", "/users/{id}/"),
    "Django": ("users/<int:id>/", "/users/{id}/"),
    "Django, re_path": (r"^users/(?P<id>[0-9]+)/$", "/users/{id}/"),
    "Django, re_path with a group within": (r"^a/(?P<id>(x|y)+)\.html\Z", "/a/{id}.html"),
    "the root": ("", "/"),
}


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
