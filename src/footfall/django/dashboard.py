"""The dashboard as a view of Django, which runs below the project's own middleware.

For a path of the dashboard the middleware names `footfall.django.dashboard_urls` as the URL
configuration of the request, as Django lets middleware do. So the request goes on through sessions
and authentication, and `request.user` is the project's own; no line in `urls.py` is needed.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_cache_control

from footfall.common import log
from footfall.config import STAFF
from footfall.dashboard.dashboard_app import DashboardApp, dashboard_from
from footfall.dashboard.messages import DashboardRequest
from footfall.dashboard.wsgi_route import scope_of
from footfall.django.middleware import settings_tracker
from footfall.tracker import Tracker

__all__ = ["dashboard_view", "settings_dashboard"]

_NO_USER: Final = (
    'footfall: nobody may look at the dashboard: dashboard_allow="staff" needs '
    '"django.contrib.auth.middleware.AuthenticationMiddleware" in MIDDLEWARE'
)

_dashboard: tuple[Tracker, DashboardApp] | None = None


def settings_dashboard() -> DashboardApp | None:
    """The dashboard that `settings.FOOTFALL` describes; None where it describes none."""
    global _dashboard
    tracker = settings_tracker()
    if tracker.config.dashboard_options is None:
        return None
    if _dashboard is None or _dashboard[0] is not tracker:
        _dashboard = tracker, dashboard_from(tracker.config, knows_staff=True)
    return _dashboard[1]


@non_atomic_requests
def dashboard_view(request: HttpRequest) -> HttpResponse:
    """A page of the dashboard, or the refusal; who may log in as staff is sent to the login."""
    dashboard = settings_dashboard()
    if dashboard is None:  # the settings have changed meanwhile, in a test
        return HttpResponse(status=404)
    response = dashboard.respond(
        DashboardRequest(
            scope=getattr(request, "scope", None) or scope_of(request.META),
            root=request.META["SCRIPT_NAME"].rstrip("/") + dashboard.path,
            path=request.path_info.removeprefix(dashboard.path),
            is_debug=settings.DEBUG,
            ask=lambda allow: _is_staff(request) if allow == STAFF else allow(request),
        )
    )
    if response.status == 403 and dashboard.allow == STAFF and (login := _login_url(request)):
        return HttpResponse(status=302, headers={"Location": login, "Cache-Control": "no-store"})
    shown = HttpResponse(response.body, status=response.status, headers=dict(response.headers))
    # Django's cache of the whole site keeps what is only `no-store`, for everybody.
    patch_cache_control(shown, private=True)
    return shown


# Django 5.1 has a middleware that asks for a login everywhere else; here the options decide.
dashboard_view.login_required = False  # type: ignore[attr-defined]  # Django's own way


def _is_staff(request: HttpRequest) -> bool:
    user: Any = getattr(request, "user", None)
    if user is None:
        _log.warn("dashboard_user", _NO_USER)
        return False
    return user.is_active is True and user.is_staff is True


def _login_url(request: HttpRequest) -> str | None:
    """The admin's login, for a visitor whom nobody knows yet; None where there is none."""
    user: Any = getattr(request, "user", None)
    if user is None or user.is_authenticated:
        return None
    try:
        return f"{reverse('admin:login')}?{urlencode({'next': request.get_full_path()})}"
    except NoReverseMatch:
        return None


_log: Final = log.ThrottledLog()
