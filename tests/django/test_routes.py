"""The pages of Django's URL patterns, by path and by route, and as rules of what counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, django_asgi, django_wsgi, navigation

ADAPTERS = pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
URLS = override_settings(ROOT_URLCONF="tests.django.urls", USE_I18N=True, LANGUAGE_CODE="de")

ROUTES = {
    "/top/5/": "/top/%7Bpk%7D/",
    "/old/2024/05/": "/old/%7By%7D/%7Bm%7D/",
    "/news/5/": "/news/%7Bvar%7D/",
    "/x/a/4/": "/x/%7Ba%7D/%7Bb%7D/",
    "/shop/hats/7/": "/shop/%7Bcategory%7D/%7Bpk%7D/",
    "/de/about/us/": "/de/about/%7Bwho%7D/",
    # A route that leaves everything open is no page; the path is.
    "/": "/",
    "/blog/": "/blog/",
    "/blog/post/": "/blog/post/",
    "/de/": "/de/",
    "/de/blog/post/": "/de/blog/post/",
    # Below a folder, it is one.
    "/de/cms/blog/post/": "/de/cms/%7Bvar%7D",
}


@URLS
@ADAPTERS
@pytest.mark.parametrize(("target", "expected"), ROUTES.items(), ids=ROUTES)
def test_each_route_is_one_page(
    adapter: Any, target: str, expected: str, footfall_outbox: Outbox
) -> None:
    with adapter(destinations=[PLAUSIBLE], path_mode="route") as call:
        assert call(navigation(target)).status == 200
    assert [event.url for event in footfall_outbox] == [f"https://example.com{expected}"]


EXCLUDED = {
    "/top/{pk}/": "/top/5/",
    "/news/{var}/": "/news/5/",
    "/x/{a}/{b}/": "/x/a/4/",
}


@URLS
@ADAPTERS
@pytest.mark.parametrize(("rule", "target"), EXCLUDED.items(), ids=EXCLUDED)
def test_a_route_that_is_excluded_does_not_leave_the_app(
    adapter: Any, rule: str, target: str, footfall_outbox: Outbox
) -> None:
    with adapter(destinations=[PLAUSIBLE], exclude=[rule]) as call:
        call(navigation(target))
        call(navigation("/blog/"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/blog/"]


@override_settings(ROOT_URLCONF="tests.django.urls", FORCE_SCRIPT_NAME="/app")
@ADAPTERS
@pytest.mark.parametrize(
    ("mode", "expected"), [("path", "/app/top/5/"), ("route", "/app/top/%7Bpk%7D/")]
)
def test_a_forced_prefix_is_part_of_the_page(
    adapter: Any, mode: str, expected: str, footfall_outbox: Outbox
) -> None:
    options = {"path_mode": mode, "exclude": ["/app/news/**"]}
    with adapter(destinations=[PLAUSIBLE], **options) as call:
        call(navigation("/top/5/"))
        call(navigation("/news/5/"))
    assert [event.url for event in footfall_outbox] == [f"https://example.com{expected}"]


ROUTED = {
    "/api/users/": "/api/users/",
    "/api/users/17/": "/api/users/%7Bpk%7D/",
    "/api/users/17.json": "/api/users/%7Bpk%7D.%7Bformat%7D/",
    "/api/users.json": "/api/users.%7Bformat%7D/",
    "/api/users/17/hats/7/": "/api/users/%7Bpk%7D/hats/%7Bsize%7D/",
    "/paths/users/17/": "/paths/users/%7Bpk%7D/",
    "/v1/users/17": "/%7Bversion%7D/users/%7Bpk%7D",
}


@override_settings(
    ROOT_URLCONF="tests.django.router_urls",
    # There are no users, whose models would have to be installed.
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
)
@ADAPTERS
def test_each_route_of_a_router_is_one_page(adapter: Any, footfall_outbox: Outbox) -> None:
    pytest.importorskip("rest_framework")
    with adapter(destinations=[PLAUSIBLE], path_mode="route") as call:
        assert {call(navigation(target)).status for target in ROUTED} == {200}
    expected = [f"https://example.com{page}" for page in ROUTED.values()]
    assert [event.url for event in footfall_outbox] == expected
    with adapter(destinations=[PLAUSIBLE], exclude=["/api/users/{pk}/"]) as call:
        call(navigation("/api/users/18/"))
        call(navigation("/api/users/"))
    assert [event.url for event in footfall_outbox][len(ROUTED) :] == expected[:1]
