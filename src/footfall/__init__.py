"""Server-side web analytics middleware for any WSGI or ASGI app.

The adapters are `footfall.django`, `footfall.flask`, `footfall.fastapi`, `footfall.starlette`,
`footfall.asgi` and `footfall.wsgi`. What views call is here; it works in threads and in tasks. In a
process without a tracker it does nothing and logs that once:

    import footfall

    footfall.track("Signup", props={"plan": "pro"}, revenue=("EUR", "19.99"))
    footfall.set_props(logged_in=True)
    footfall.ignore()

Importing this package loads no framework, opens nothing and starts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from typing import Unpack

    from footfall.config import Config, Options
    from footfall.errors import ConfigError, EventError, FootfallError
    from footfall.events.details import Details
    from footfall.model import Decision, Event, Hit, Visitor
    from footfall.tracker import Tracker

View = TypeVar("View", bound="Callable[..., Any]")

__version__ = "0.1.0.dev0"

__all__ = [
    "Config",
    "ConfigError",
    "Decision",
    "Event",
    "EventError",
    "FootfallError",
    "Hit",
    "Options",
    "Tracker",
    "Visitor",
    "current_visitor",
    "flush",
    "flush_on_sigterm",
    "ignore",
    "ignore_view",
    "script_tag",
    "set_props",
    "stats",
    "track",
    "track_pageview",
]

_MODULES = {
    "Config": "footfall.config",
    "ConfigError": "footfall.errors",
    "Decision": "footfall.model",
    "Event": "footfall.model",
    "EventError": "footfall.errors",
    "FootfallError": "footfall.errors",
    "Hit": "footfall.model",
    "Options": "footfall.config",
    "Tracker": "footfall.tracker",
    "Visitor": "footfall.model",
}


def track(
    name: str,
    *,
    props: Mapping[str, Any] | None = None,
    revenue: tuple[str, Decimal | str | int | float] | None = None,
    interactive: bool = True,
    url: str | None = None,
    visitor: Visitor | Mapping[str, Any] | None = None,
    **details: Unpack[Details],
) -> None:
    """Send a custom event. Never waits; inside a request, visitor and URL are the request's.

    Args:
        name: At most 120 characters; `engagement` is reserved by a vendor.
        props: Scalars by name; vendors store their text.
        revenue: An ISO 4217 code and an amount: `("EUR", "19.99")`.
        interactive: False keeps the event from ending a bounce.
        url: Where it happened; needed outside a request.
        visitor: What `current_visitor()` gave, or a `Visitor`; needed outside a request.
        details: What no request contains: `screen_width` in pixels, `time_zone` as an IANA name,
            `profile_id` as the app's own id of a signed-in user.

    Raises:
        EventError: with the option `debug` and under pytest, for an event that no vendor would
            take. Otherwise it is counted as `bad_event`, and logged.
    """
    if (tracker := _tracker_or_warning()) is not None:
        tracker.track(
            name,
            props=props,
            revenue=revenue,
            interactive=interactive,
            url=url,
            visitor=visitor,
            **details,
        )


def track_pageview(
    *,
    url: str,
    referrer: str | None = None,
    props: Mapping[str, Any] | None = None,
    visitor: Visitor | Mapping[str, Any] | None = None,
    **details: Unpack[Details],
) -> None:
    """Send a pageview by hand, for pages that no HTTP response shows. Never waits.

    For the routes of a single-page app that its script reports, and for websockets. The exclude and
    include rules apply to the URL's path.

    Args:
        url: The page's. Inside a request it may be relative.
        referrer: Where the visitor came from, if from elsewhere: the page's `document.referrer`.
        props: Scalars by name; vendors store their text.
        visitor: What `current_visitor()` gave, or a `Visitor`; needed outside a request.
        details: As for `track`; and `perf`, a mapping with the eight durations of the page's
            loading in milliseconds, named as in `footfall.events.details.PERF_NAMES`.

    Raises:
        EventError: as `track` does.
    """
    if (tracker := _tracker_or_warning()) is not None:
        tracker.track_pageview(url=url, referrer=referrer, props=props, visitor=visitor, **details)


def set_props(**props: Any) -> None:
    """Add custom properties to this request's pageview. Call it before the response starts.

    Args:
        props: Scalars by name; vendors store their text. A name that was set before is replaced.
            Outside a request they are dropped.
    """
    exchange = _exchange()
    if exchange is not None:
        exchange.set_props(props)


def ignore() -> None:
    """Let this request be no pageview. Call it before the response starts."""
    exchange = _exchange()
    if exchange is not None:
        exchange.ignore()


def ignore_view(view: View) -> View:
    """Mark a view whose requests are no pageviews, in any framework.

    Nearest to the function or class, below the decorators that register it:

        @app.get("/health")
        @footfall.ignore_view
        def health(): ...

    Args:
        view: A function, sync or async, or a class-based view of Django, Django REST framework,
            Starlette, Flask, Quart or Falcon.

    Returns:
        A function with the signature of `view`; or the class itself.

    Raises:
        TypeError: The class has no method that answers its requests, this is no view, or it is one
            that the framework has registered already, where that shows.
    """
    from footfall.request.ignored_view import ignoring

    return cast("View", ignoring(view, ignore))


def script_tag(nonce: str | None = None) -> str:
    """The tag of the complement's script, for the head of a page.

    Args:
        nonce: The one of the page's Content-Security-Policy, if that has one.

    Returns:
        HTML, which Jinja and Django put into a page as it is. Empty without the option
        `complement`, and where nothing is counted.
    """
    from footfall.complement.script_tag import tag_of

    return tag_of(_tracker(), nonce)


def current_visitor() -> dict[str, str]:
    """The visitor of this request as a small JSON-serialisable token: for webhooks, task queues.

    It holds the IP address and the user agent, so keep it no longer than the task needs. With the
    option `token_secret` it is signed, so that it may leave the app and come back.

    Returns:
        Texts: `ip` (empty if unknown), `ua`, `lang`, and `sig` if signed; none outside a request.
    """
    exchange = _exchange()
    return exchange.recorder.tracker.current_visitor(exchange) if exchange is not None else {}


def flush(timeout: float | None = None) -> bool:
    """Deliver what waits in this process, and wait for that.

    What is left then stays in the outbox, and without one counts as `lost_at_exit`. To a
    destination that is paused one event is sent; where that fails, the rest is left at once.

    Args:
        timeout: The most seconds to wait; the option `shutdown_timeout_seconds` by default.

    Returns:
        True if nothing was lost.
    """
    from footfall.tracker import process_hooks

    return process_hooks.flush(timeout)


def flush_on_sigterm() -> None:
    """Deliver what waits when SIGTERM comes, for servers that end without an exit hook.

    Call it once, in the main thread; see `footfall.tracker.process_hooks.flush_on_sigterm`.

    Raises:
        ValueError: called in another thread than the main one.
    """
    from footfall.tracker import process_hooks

    process_hooks.flush_on_sigterm()


def stats() -> dict[str, Any]:
    """The counters of all trackers of this process, added up; see `footfall.tracker.Tracker.stats`.

    Returns:
        The shape of `Tracker.stats`. Empty where there is no tracker.
    """
    from footfall.tracker import process_hooks

    return process_hooks.stats()


def _exchange() -> Any:
    from footfall.request.exchange import CURRENT

    return CURRENT.get()


def _tracker() -> Tracker | None:
    from footfall.tracker.process_hooks import newest

    exchange = _exchange()
    return cast("Tracker | None", newest() if exchange is None else exchange.recorder.tracker)


def _tracker_or_warning() -> Tracker | None:
    tracker = _tracker()
    if tracker is None:
        from footfall.common.log import warn_no_tracker

        warn_no_tracker()
    return tracker


# A type checker would take every name for one that there is.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load the classes named in `__all__` when they are first read."""
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(module), name)
