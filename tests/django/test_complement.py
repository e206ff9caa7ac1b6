"""The complement in a Django project: headers of the app's own, and bodies that break."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

from footfall.django.middleware import settings_tracker
from tests.complement.support import OPTIONS, posted
from tests.support.adapters import Raw, call_wsgi, navigation, set_up_django


def page(request: HttpRequest) -> HttpResponse:
    headers = {"Server-Timing": "db;dur=5"}
    return HttpResponse("<h1>Page</h1>", headers=headers)


urlpatterns = [path("page", page)]


@pytest.fixture
def call() -> Any:
    set_up_django()
    with override_settings(FOOTFALL=OPTIONS, ROOT_URLCONF=__name__):
        handler = WSGIHandler()
        yield lambda raw: call_wsgi(handler, raw)


def test_the_apps_own_figures_stay(call: Any) -> None:
    timing = call(navigation("/page")).headers["Server-Timing"]
    assert timing.startswith('db;dur=5, footfall;desc="')


def test_a_body_that_breaks_is_no_report(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("gone")

    monkeypatch.setattr(io, "BytesIO", Broken)
    raw: Raw = posted()
    assert call(raw).status == 204
    assert settings_tracker().stats()["reasons"] == {"complement_invalid": 1}


def test_a_project_may_have_a_dashboard_too(tmp_path: Any) -> None:
    set_up_django()
    given = {
        "destinations": [f"sqlite:///{tmp_path}/a.sqlite3"],
        "dashboard": "/stats",
        "complement": "/_stats",
    }
    with override_settings(FOOTFALL=given, ROOT_URLCONF=__name__):
        handler = WSGIHandler()
        assert call_wsgi(handler, navigation("/stats")).status == 403
        assert call_wsgi(handler, navigation("/_stats/c.js")).status == 200
        assert call_wsgi(handler, navigation("/page")).status == 200
        settings_tracker().close()
