"""What the middleware classes for WSGI and ASGI have in common: how they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from footfall.tracker.double_install import warn_if_installed_twice
from footfall.tracker.shared_tracker import shared_tracker
from footfall.tracker.tracker import Tracker

App = TypeVar("App")


class WrappedApp(Generic[App]):
    """An app with the tracker that counts its pageviews.

    Args:
        tracker: None for the one that all apps with these `options` share.
        options: See `footfall.config.Config`.
        delivering: What `mode="sync"` wraps around the app, to deliver before its response is sent.

    Raises:
        ConfigError: the options cannot work.
    """

    def __init__(
        self,
        app: App,
        tracker: Tracker | None,
        options: Mapping[str, Any],
        delivering: Callable[[App, Tracker], App] | None = None,
    ) -> None:
        self.tracker = tracker or shared_tracker(options)
        warn_if_installed_twice(app, self.tracker)
        self.tracker.announce()
        # Read with every request, so not through the tracker.
        self._recorder = self.tracker.recorder
        self._is_active = self.tracker.is_active
        self._refuses_prefetch = self._recorder.refuses_prefetch
        is_inline = self._is_active and self._recorder.is_inline
        self._bare_app = app
        self.app = delivering(app, self.tracker) if delivering and is_inline else app
