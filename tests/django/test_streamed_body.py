"""The body of a streamed response of Django belongs to its request, and a file to the server."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from django.urls import path

import footfall
from footfall import asgi
from footfall.django.streamed_body import follow_body
from footfall.request.exchange import CURRENT
from footfall.testing import MemoryTransport, Outbox
from tests.support.adapters import (
    PLAUSIBLE,
    DjangoASGI,
    call_asgi,
    call_wsgi,
    navigation,
    set_up_django,
)


def fail(*, has_failed: bool) -> None:
    raise NotImplementedError


def chunks() -> Iterator[bytes]:
    footfall.track("Begun")
    yield b"a"
    footfall.track("Ended")
    yield b"b"


async def async_chunks() -> AsyncIterator[bytes]:
    for chunk in chunks():
        yield chunk


class Urls:
    urlpatterns = (
        path("sync", lambda request: StreamingHttpResponse(chunks())),
        path("async", lambda request: StreamingHttpResponse(async_chunks())),
    )


HANDLERS: dict[str, Any] = {"WSGI": (WSGIHandler, call_wsgi), "ASGI": (DjangoASGI, call_asgi)}
EVERY_HANDLER = pytest.mark.parametrize(
    ("handler", "call"), list(HANDLERS.values()), ids=list(HANDLERS)
)
MIXED = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")


def respond(handler: Any, call: Any, target: str, **options: Any) -> Any:
    set_up_django()
    settings = {"destinations": [PLAUSIBLE], **options}
    with override_settings(FOOTFALL=settings, ROOT_URLCONF=Urls):
        return call(handler(), navigation(target))


@MIXED
@EVERY_HANDLER
@pytest.mark.parametrize("target", ["/sync", "/async"])
def test_an_event_can_be_tracked_while_the_body_is_sent(
    handler: Any, call: Any, target: str, footfall_outbox: Outbox
) -> None:
    assert respond(handler, call, target).body == b"ab"
    assert [event.name for event in footfall_outbox] == ["Begun", "pageview", "Ended"]
    assert {event.url for event in footfall_outbox} == {f"https://example.com{target}"}
    assert CURRENT.get() is None


@MIXED
@EVERY_HANDLER
@pytest.mark.parametrize("target", ["/sync", "/async"])
def test_in_sync_mode_the_events_of_the_body_are_delivered(
    handler: Any, call: Any, target: str
) -> None:
    transport = MemoryTransport()
    respond(handler, call, target, mode="sync", transport=transport)
    assert len(transport.requests) == 3


def test_a_file_is_left_to_the_server() -> None:
    set_up_django()
    for response in (FileResponse(io.BytesIO(b"ab")), HttpResponse(b"ab")):
        assert not follow_body(response, asgi.ScopeExchange(), fail)


@MIXED
@EVERY_HANDLER
def test_a_match_that_the_app_has_set_breaks_nothing(
    handler: Any, call: Any, footfall_outbox: Outbox
) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        request.resolver_match = object()  # type: ignore[assignment]  # as no app should
        return StreamingHttpResponse(iter([b"ab"]))

    set_up_django()
    urls = type("Urls", (), {"urlpatterns": [path("page", view)]})
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE]}, ROOT_URLCONF=urls):
        assert call(handler(), navigation("/page")).body == b"ab"
    assert footfall.stats()["errors"] == 1
