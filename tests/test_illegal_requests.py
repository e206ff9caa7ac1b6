"""Servers and layers that break the specification: the app gets the request, and nothing raises."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import footfall
from footfall import asgi, wsgi
from footfall.config import Config
from footfall.django import FootfallMiddleware
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import NAVIGATION, PLAUSIBLE, set_up_django

MISSING: Any = object()

SCOPE = {
    "type": "http",
    "method": "GET",
    "scheme": "https",
    "path": "/page",
    "root_path": "",
    "query_string": b"",
    "headers": [(name.lower().encode(), value.encode()) for name, value in NAVIGATION.items()],
    "client": ("198.51.100.7", 1),
    "server": ("internal", 8000),
}
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/page",
    "QUERY_STRING": "",
    "REMOTE_ADDR": "198.51.100.7",
    "SERVER_NAME": "internal",
    "SERVER_PORT": "8000",
    "wsgi.url_scheme": "https",
    **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in NAVIGATION.items()},
}
OPTIONS: Any = {
    "default": {},
    "refuse": {"prefetch": "refuse"},
    "exclude": {"exclude": ["/admin/**"]},
    "route": {"path_mode": "route"},
    "sync": {"mode": "sync"},
}
EVERY_OPTION = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def tracker_with(options: Any) -> Tracker:
    config = Config(destinations=[PLAUSIBLE], transport=MemoryTransport(), **options)
    return Tracker(config, environ={})


def changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **changes}.items() if value is not MISSING}


def serve_asgi(scope: dict[str, Any], options: Any) -> Tracker:
    """Serve the scope; assert that the app saw it, and the server what the app sent."""
    headers = [(b"content-type", b"text/html")]
    messages: list[Any] = [
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": b""},
    ]
    seen: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope))
        footfall.track("Seen")
        assert isinstance(footfall.current_visitor(), dict)
        for message in messages:
            await send(message)

    async def send(message: Any) -> None:
        sent.append(message)

    tracker = tracker_with(options)
    asyncio.run(asgi.FootfallMiddleware(app, tracker=tracker)(dict(scope), None, send))  # type: ignore[arg-type]  # never called
    assert (seen, sent) == ([scope], messages)
    tracker.process_all()
    return tracker


def serve_wsgi(environ: dict[str, Any], options: Any) -> Tracker:
    seen: list[Any] = []
    started: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(dict(environ))
        footfall.track("Seen")
        assert isinstance(footfall.current_visitor(), dict)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"ok"]

    def start_response(status: str, headers: Any, exc_info: Any = None, /) -> Any:
        started.append(status)
        return lambda chunk: None

    tracker = tracker_with(options)
    body = wsgi.FootfallMiddleware(app, tracker=tracker)(dict(environ), start_response)
    assert (body, seen, started) == ([b"ok"], [environ], ["200 OK"])
    tracker.process_all()
    return tracker


ILLEGAL_SCOPES: Any = {
    "no path": {"path": MISSING},
    "path None": {"path": None},
    "path bytes": {"path": b"/page"},
    "path and root bytes": {"path": b"/page", "root_path": b"/app"},
    "root_path number": {"root_path": 1},
    "no method": {"method": MISSING},
    "headers None": {"headers": None},
    "no headers": {"headers": MISSING},
    "headers number": {"headers": 7},
    "header names text": {"headers": [("host", "example.com")]},
    "headers of one value": {"headers": [(b"host",)]},
    "query text": {"query_string": "a=1"},
    "query None": {"query_string": None},
    "client number": {"client": 1},
    "client empty": {"client": []},
    "server text": {"server": "x", "headers": []},
    "mark number": {"footfall": 1},
    "scheme None": {"scheme": None},
}
ILLEGAL_ENVIRONS: Any = {
    "SCRIPT_NAME None": {"SCRIPT_NAME": None},
    "path bytes": {"PATH_INFO": b"/page"},
    "paths bytes": {"SCRIPT_NAME": b"", "PATH_INFO": b"/page"},
    "paths numbers": {"SCRIPT_NAME": 1, "PATH_INFO": 2},
    "no path, SCRIPT_NAME None": {"PATH_INFO": MISSING, "SCRIPT_NAME": None},
    "no paths": {"PATH_INFO": MISSING, "SCRIPT_NAME": MISSING},
    "method None": {"REQUEST_METHOD": None},
    "method bytes": {"REQUEST_METHOD": b"GET"},
    "query None": {"QUERY_STRING": None},
    "query bytes": {"QUERY_STRING": b"a=1"},
    "address bytes": {"REMOTE_ADDR": b"198.51.100.7"},
    "header None": {"HTTP_USER_AGENT": None},
    "host number": {"HTTP_HOST": 5},
    "scheme None": {"wsgi.url_scheme": None},
    "key no text": {b"HTTP_HOST": "x", 1: 2},
    "nothing": dict.fromkeys(ENVIRON, MISSING),
}


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_lenient(monkeypatch)


def be_lenient(patch: pytest.MonkeyPatch) -> None:
    """`track()` raises under pytest; here it is to behave as it does in production."""
    patch.setattr(Tracker, "track", lambda self, *args, **options: _track(self, *args))


def _track(self: Tracker, name: str) -> None:
    self._is_strict = False
    self._submit_custom(name)


@EVERY_OPTION
@pytest.mark.parametrize("changes", ILLEGAL_SCOPES.values(), ids=ILLEGAL_SCOPES)
@pytest.mark.usefixtures("lenient")
def test_an_app_gets_a_scope_that_is_illegal(changes: Any, options: Any) -> None:
    serve_asgi(changed(SCOPE, changes), options)


@EVERY_OPTION
@pytest.mark.parametrize("changes", ILLEGAL_ENVIRONS.values(), ids=ILLEGAL_ENVIRONS)
@pytest.mark.usefixtures("lenient")
def test_an_app_gets_an_environ_that_is_illegal(changes: Any, options: Any) -> None:
    serve_wsgi(changed(ENVIRON, changes), options)


def own_values(keys: Any, values: Any) -> Any:
    return st.dictionaries(st.sampled_from(sorted(keys)), values, max_size=4)


ANYTHING = st.sampled_from(
    [
        MISSING,
        None,
        True,
        0,
        -1.5,
        "",
        "/é",
        b"",
        b"\xff",
        [],
        [1],
        {},
        {"props": 1},
        ((),),
        object(),
    ]
)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(own_values(SCOPE.keys() - {"type"} | {"footfall"}, ANYTHING), st.sampled_from([*OPTIONS]))
@FEW
def test_an_app_gets_any_scope(changes: Any, name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        be_lenient(patch)
        serve_asgi(changed(SCOPE, changes), OPTIONS[name])


@given(own_values(ENVIRON.keys() | {"footfall"}, ANYTHING), st.sampled_from([*OPTIONS]))
@FEW
def test_an_app_gets_any_environ(changes: Any, name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        be_lenient(patch)
        serve_wsgi(changed(ENVIRON, changes), OPTIONS[name])


@pytest.mark.parametrize(
    ("serve", "values", "fault"),
    [
        (serve_asgi, changed(SCOPE, {"path": MISSING}), "'path' is missing"),
        (serve_asgi, changed(SCOPE, {"method": MISSING}), "'method' is missing"),
        (serve_asgi, {**SCOPE, "root_path": 1}, "'root_path' is of the type int"),
        (serve_wsgi, {**ENVIRON, "SCRIPT_NAME": 1}, "'SCRIPT_NAME' is of the type int"),
        (
            serve_wsgi,
            {**ENVIRON, "SCRIPT_NAME": "/a", "PATH_INFO": b"/"},
            "'PATH_INFO' is of the type bytes",
        ),
    ],
)
@pytest.mark.usefixtures("lenient")
def test_what_is_illegal_is_counted_and_said(
    serve: Any, values: Any, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = serve(values, {})
    assert tracker.recorder.errors.value >= 1
    assert caplog.text.count("breaks the specification") == 1
    assert fault in caplog.text
    assert "pageview" not in tracker.stats()["reasons"]


def test_an_illegal_request_leaves_no_trace_in_the_apps_own_exception() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("own")

    wrapped = asgi.FootfallMiddleware(failing, tracker=tracker_with({}))
    with pytest.raises(KeyError, match="own") as caught:
        asyncio.run(wrapped({"type": "http"}, None, None))  # type: ignore[arg-type]  # never called
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "start",
    [
        {"headers": 7, "status": 200},
        {"headers": None, "status": 200},
        {"headers": [(b"content-type", b"text/html")]},
        {"status": "200", "headers": []},
        {"status": [], "headers": [(b"content-type", b"text/html")]},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("has_body", [True, False])
def test_the_server_gets_what_an_app_starts_wrongly(start: Any, has_body: bool) -> None:
    messages: list[Any] = [{"type": "http.response.start", **start}, {"no": "type"}, None]
    messages += [{"type": "http.response.body"}] * has_body
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(asgi.FootfallMiddleware(app, tracker=tracker_with({}))(dict(SCOPE), None, send))  # type: ignore[arg-type]  # never called
    assert all(map(lambda a, b: a is b, sent, messages))
    assert len(sent) == len(messages)


@pytest.mark.parametrize("script_name", [None, 7, b"/app"], ids=repr)
@pytest.mark.parametrize("path", [None, "/page", b"/page"], ids=repr)
def test_a_layer_of_django_may_leave_an_illegal_environ(script_name: Any, path: Any) -> None:
    set_up_django()
    request = RequestFactory().get("/page")
    request.META["SCRIPT_NAME"] = script_name
    request.META["PATH_INFO"] = path
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE]}):
        response = FootfallMiddleware(lambda request: HttpResponse("served"))(request)
    assert isinstance(response, HttpResponse)
    assert response.content == b"served"


@pytest.mark.parametrize("changes", [{"path": None}, {"root_path": 7}], ids=str)
def test_a_layer_of_django_may_leave_an_illegal_scope(changes: Any) -> None:
    set_up_django()
    request: Any = AsyncRequestFactory().get("/page")
    request.scope.update(changes)
    request.META["SCRIPT_NAME"] = None
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE]}):
        response = FootfallMiddleware(lambda request: HttpResponse("served"))(request)
    assert isinstance(response, HttpResponse)
    assert response.content == b"served"
