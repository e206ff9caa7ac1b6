"""One middleware class for sync and async Django, and the tracker made of `settings.FOOTFALL`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Self, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from django.urls.resolvers import LocalePrefixPattern

from footfall import asgi, wsgi
from footfall.common.in_thread import in_thread
from footfall.common.path_prefix import is_below
from footfall.config import as_options
from footfall.django.streamed_body import follow_body
from footfall.request.capture import capture_response, is_refused_prefetch
from footfall.request.exchange import CURRENT, UNREADABLE, show_inactive
from footfall.request.recorder import RequestRecorder
from footfall.rules.path_rules import pattern_list
from footfall.rules.route_template import is_catch_all
from footfall.tracker import Tracker
from footfall.tracker.shared_tracker import shared_tracker

if TYPE_CHECKING:
    from footfall.django.complement import DjangoComplement

SETTING: Final = "FOOTFALL"


class FootfallMiddleware:
    """Counts the pageviews of a Django project; the options are the dict `settings.FOOTFALL`.

    With `mode="sync"` events are delivered once the response object is made, before it is sent.

    Raises:
        ConfigError: when the server starts, if the settings cannot work.
    """

    sync_capable = True
    async_capable = True

    def __new__(cls, *_: Any) -> Self:
        # A class of its own, so that no project without such paths compares others with them.
        config = settings_tracker().config
        has_paths = config.dashboard_options is not None or config.complement_options is not None
        return cast("Self", super().__new__(_WithOwnPaths if has_paths else cls))

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        tracker = settings_tracker()
        tracker.announce()
        _warn_of_place(tracker)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._acall(request)
        exchange = _exchange(request)
        if exchange is None:
            return cast("HttpResponseBase", self.get_response(request))
        if exchange.recorder.refuses_prefetch and is_refused_prefetch(exchange):
            return _refusal()
        token = CURRENT.set(exchange)
        try:
            response = cast("HttpResponseBase", self.get_response(request))
            # While the request is still the current one: a rejected one may become a heartbeat.
            _watch(exchange, request, response)
        except Exception:
            _capture(exchange, request, None)
            raise
        finally:
            CURRENT.reset(token)
            exchange.release()
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        exchange = _exchange(request)
        if exchange is None:
            return await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        if exchange.recorder.refuses_prefetch and is_refused_prefetch(exchange):
            return _refusal()
        token = CURRENT.set(exchange)
        try:
            response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
            _watch(exchange, request, response)
        except Exception:
            _capture(exchange, request, None)
            raise
        finally:
            CURRENT.reset(token)
            if exchange.holds_delivery:
                await in_thread(exchange.release)
        return response


class _WithOwnPaths(FootfallMiddleware):
    """The same for a project with a dashboard or a complement, whose requests are not counted."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        config = settings_tracker().config
        self._dashboard = config.dashboard_options and config.dashboard_options.path
        self._complement: DjangoComplement | None = None
        if config.complement_options is not None:
            from footfall.django.complement import DjangoComplement

            path = config.complement_options.path
            self._complement = DjangoComplement(settings_tracker(), path, _exchange_of)
            self.get_response = self._complement.stamping(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        path = request.path_info
        if self._dashboard and is_below(path, self._dashboard):
            request.urlconf = "footfall.django.dashboard_urls"
            return self.get_response(request)
        if self._complement is not None and is_below(path, self._complement.path):
            respond = self._complement.respond_async if self._is_async else self._complement.respond
            return respond(request)
        return super().__call__(request)


DjangoExchange = asgi.ScopeExchange | wsgi.EnvironExchange


def _exchange(request: HttpRequest) -> DjangoExchange | None:
    tracker = settings_tracker()
    if not tracker.is_active:
        show_inactive(tracker.recorder, _exchange_of, request)
        return None
    exchange = _exchange_of(tracker.recorder, request)
    if exchange.is_counted_outside():
        return None
    # In sync mode the middleware delivers once the response is made.
    exchange.holds_delivery = exchange.recorder.is_inline
    return exchange


def _exchange_of(recorder: RequestRecorder, request: HttpRequest) -> DjangoExchange:
    exchange: DjangoExchange
    scope = getattr(request, "scope", None)
    if scope is not None:
        exchange = asgi.exchange_of(recorder, scope)
    else:
        exchange = wsgi.exchange_of(recorder, request.META)
    try:
        exchange.path = _path(request, exchange)
    except Exception as error:  # noqa: BLE001 -- a layer around us may have changed the request
        exchange.notes = UNREADABLE
        recorder.note_illegal(error, request.META, wsgi.PATH_KEYS)
    return exchange


def _path(request: HttpRequest, exchange: DjangoExchange) -> str:
    """The path of an exchange, as its adapter wants it, from what Django made of the request."""
    if isinstance(exchange, asgi.ScopeExchange):
        # Django knows a prefix that no scope has: FORCE_SCRIPT_NAME.
        prefix: str = request.META["SCRIPT_NAME"]
        return prefix.rstrip("/") + request.path_info
    # Django has decoded the path in its META already.
    return exchange.path.encode("utf-8", "replace").decode("latin-1")


def _watch(exchange: DjangoExchange, request: HttpRequest, response: HttpResponseBase) -> None:
    """Capture the response, a streamed one when its body begins. Never raises."""

    def capture(*, has_failed: bool) -> None:
        _capture(exchange, request, None if has_failed else response)

    try:
        is_followed = follow_body(response, exchange, capture)
    except Exception:  # noqa: BLE001 -- a response of the app's own class
        exchange.recorder.errors.bump()
        is_followed = False
    if not is_followed:
        _capture(exchange, request, response)


def _capture(
    exchange: DjangoExchange, request: HttpRequest, response: HttpResponseBase | None
) -> None:
    """Capture the response; None where the app has raised instead. Never raises."""
    try:
        _capture_unless_rejected(exchange, request, response)
    except Exception:  # noqa: BLE001 -- the app may have set the request's match, or odd headers
        exchange.recorder.errors.bump()


def _capture_unless_rejected(
    exchange: DjangoExchange, request: HttpRequest, response: HttpResponseBase | None
) -> None:
    recorder, match = exchange.recorder, request.resolver_match
    if not recorder.filters.accepts(str(request.method), exchange.path):
        return
    if match is not None:
        if match.view_name in _excluded_names:
            recorder.filters.reject("excluded")
            return
        if recorder.wants_route:
            exchange.set_route(_route(match.route))
    status, headers = (500, ()) if response is None else (response.status_code, response.items())
    if isinstance(exchange, wsgi.EnvironExchange):
        capture_response(exchange, status, headers, wsgi.RESPONSE_NAMES, wsgi.PAGE_TYPES)
    else:
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        capture_response(exchange, status, pairs, asgi.RESPONSE_NAMES, asgi.PAGE_TYPES)


def _route(route: str) -> str | None:
    """The route below the prefix of the app; None for one that leaves the whole path open."""
    language = LocalePrefixPattern().language_prefix
    if is_catch_all(route.removeprefix(language)):
        return None
    return get_script_prefix() + route


def _refusal() -> HttpResponse:
    return HttpResponse(status=503, headers={"Cache-Control": "no-store"})


# -- the tracker of the settings ---------------------------------------------------------------

# The prefix of a URL pattern's name in `exclude`: "name:admin:index".
NAME_PREFIX: Final = "name:"

_tracker: Tracker | None = None
_excluded_names: frozenset[str] = frozenset()


def settings_tracker() -> Tracker:
    """The tracker that `settings.FOOTFALL` describes, made by the first call.

    Raises:
        ConfigError: the settings cannot work; lists every fault.
    """
    global _tracker, _excluded_names
    # No lock, which gevent could not see if it patched after this import: Django loads the
    # middleware of a process in one thread, and two trackers would also work.
    if _tracker is None:
        _excluded_names = excluded_names()
        _tracker = shared_tracker(settings_options(), origin=f"{SETTING} ")
    return _tracker


def _warn_of_place(tracker: Tracker) -> None:
    """Log what Django's system checks say of MIDDLEWARE where they do not run."""
    if not apps.ready or apps.is_installed("footfall.django"):
        return
    from footfall.django import checks

    for message in checks.check_order():
        tracker.warn_of_setup(f"{message.msg}; {message.hint}")


def settings_options() -> dict[str, Any]:
    """The dict of the settings as keyword options; names of URL patterns are left out."""
    options = as_options(getattr(settings, SETTING, None) or {})
    if "exclude" in options:
        options["exclude"] = [
            pattern for pattern in pattern_list(options["exclude"]) if not _is_name(pattern)
        ]
    return options


def excluded_names() -> frozenset[str]:
    """The names of URL patterns, as `app:view`, whose pages are excluded."""
    options = as_options(getattr(settings, SETTING, None) or {})
    patterns = pattern_list(options.get("exclude", ()))
    return frozenset(str(each).removeprefix(NAME_PREFIX) for each in patterns if _is_name(each))


def _is_name(pattern: object) -> bool:
    return isinstance(pattern, str) and pattern.startswith(NAME_PREFIX)


def _reset_tracker(*, setting: str, **_: Any) -> None:
    """`override_settings(FOOTFALL=...)` in a test takes effect with the next request."""
    global _tracker
    if setting == SETTING:
        _tracker = None


setting_changed.connect(_reset_tracker)
