"""URL patterns of many kinds: those of Django, of Wagtail, below a language."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path


def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return HttpResponse("<h1>Page</h1>")


# `serve_pattern` in wagtail/urls.py of Wagtail 7, read 2026-11-30; Wagtail has many dependencies.
WAGTAIL = re_path(r"^((?:[\w\-]+/)*)$", page)

urlpatterns = [
    re_path(r"^top/(?P<pk>\d+)/$", page),
    re_path(r"^old/(?P<y>\d{4})/(?P<m>\d\d)/$", page),
    re_path(r"^news/(\d+)/$", page),
    re_path(r"^x/(?P<a>\w+)(?:/(?P<b>\d+))?/?$", page),
    path("shop/<slug:category>/<int:pk>/", page),
    *i18n_patterns(path("about/<slug:who>/", page), path("cms/", include([WAGTAIL])), WAGTAIL),
    WAGTAIL,
]
