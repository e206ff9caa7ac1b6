"""The URL configuration of a request for the dashboard."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.urls import get_resolver, reverse

from footfall.django import dashboard_urls
from footfall.django.dashboard import dashboard_view
from tests.support.adapters import set_up_django

URLS = "footfall.django.dashboard_urls"


@pytest.fixture(autouse=True)
def _django() -> None:
    set_up_django()


def test_every_path_is_the_dashboards() -> None:
    for path in ("/stats", "/stats/live", "/users/1/"):
        assert get_resolver(URLS).resolve(path).func is dashboard_view


def test_the_projects_names_are_found() -> None:
    assert reverse("user", urlconf=URLS, args=[1]) == "/users/1/"


def test_what_the_project_lacks_is_lacking() -> None:
    with pytest.raises(AttributeError):
        _ = dashboard_urls.handler404


def test_what_python_asks_a_module_is_not_asked_of_the_project() -> None:
    with override_settings(ROOT_URLCONF="no_such_module"):
        assert getattr(dashboard_urls, "__module__", None) is None
