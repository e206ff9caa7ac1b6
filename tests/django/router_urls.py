"""URL patterns as the routers of Django REST framework make them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import include, path, re_path
from rest_framework.decorators import action
from rest_framework.routers import BaseRouter, DefaultRouter, SimpleRouter
from rest_framework.viewsets import ViewSet

from tests.django.urls import page


class Users(ViewSet):  # type: ignore[misc]  # it has no types
    """Pages at the addresses that a router gives them."""

    authentication_classes = ()
    permission_classes = ()

    def list(self, request: Any, **kwargs: object) -> HttpResponse:
        return page(request)

    def retrieve(self, request: Any, pk: str, **kwargs: object) -> HttpResponse:
        return page(request)

    @action(detail=True, url_path=r"hats/(?P<size>\d+)")  # type: ignore[untyped-decorator]  # the same
    def hats(self, request: Any, pk: str, size: str, **kwargs: object) -> HttpResponse:
        return page(request)


def routed(router: BaseRouter) -> Any:
    router.register("users", Users, basename="user")
    return include(router.urls)


urlpatterns = [
    path("api/", routed(DefaultRouter())),
    path("paths/", routed(SimpleRouter(use_regex_path=False))),
    re_path(r"^(?P<version>v[12])/", routed(SimpleRouter(trailing_slash=False))),
]
