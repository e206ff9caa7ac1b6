"""The URL configuration of a request for the dashboard.

The project's own patterns follow, so that its middleware and error pages find their names.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.urls import re_path

from footfall.django.dashboard import dashboard_view


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        # What Python itself asks every module; there may be no project yet.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Read each time, since a test may override the setting.
    project = settings.ROOT_URLCONF
    module = import_module(project) if isinstance(project, str) else project
    if name == "urlpatterns":
        # The middleware has compared the path.
        return [re_path("", dashboard_view), *getattr(module, name, module)]
    return getattr(module, name)
