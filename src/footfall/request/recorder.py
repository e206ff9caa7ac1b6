"""What a request needs to leave its record: one object for each tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from footfall.common.atomic import AtomicCounter
from footfall.config import Config
from footfall.model import Hit
from footfall.request.filters import RequestFilter
from footfall.request.header_picker import HeaderPicker
from footfall.request.record import MARK_KEY, Record

__all__ = ["RequestRecorder"]


class RequestRecorder:
    """The members of a tracker that run inside requests, for as long as the tracker lives.

    Args:
        config: The checked settings.
        is_inline: True where a request waits for the delivery of its own events.
        deliver: Delivers what waits, in the calling thread.
        tracker: The tracker itself, for `footfall.track()`; `footfall.request` never calls it.
        on_nested: Called, once, with the name of a destination for which a middleware around ours
            counts the same request already.
        on_inactive: Of a tracker that counts nothing: called with each hit, as if the app responded
            with a page, until it returns True.
        on_illegal: Called with what is wrong with a request that could not be read.
    """

    __slots__ = (
        "deliver",
        "destination_names",
        "errors",
        "filters",
        "header_names",
        "is_inline",
        "on_illegal",
        "on_inactive",
        "on_nested",
        "pick",
        "refuses_prefetch",
        "submit",
        "tracker",
        "wants_route",
        "withdraw",
    )

    filters: RequestFilter
    submit: Callable[[Record, float], None]
    """Leave a record in the inbox; the float is `clock.monotonic()`. Never waits."""
    withdraw: Callable[[Record | None], bool]
    """Take a record back; False if it does not wait any more. Never waits."""
    errors: AtomicCounter

    def __init__(
        self,
        config: Config,
        *,
        is_inline: bool,
        deliver: Callable[[], None],
        tracker: object,
        on_nested: Callable[[str], None],
        on_illegal: Callable[[str], None],
        on_inactive: Callable[[Hit], bool] | None = None,
    ) -> None:
        self.is_inline = is_inline
        self.deliver = deliver
        self.tracker = tracker
        self.on_nested: Callable[[str], None] | None = on_nested
        self.on_inactive = on_inactive
        self.on_illegal = on_illegal
        self.destination_names = frozenset(each.name for each in config.all_destinations)
        self.refuses_prefetch = config.prefetch == "refuse"
        self.wants_route = (
            config.path_mode == "route"
            or config.path_rules.reads_routes
            or config.api_rules is not None
        )
        # As an ASGI scope spells the names, and as a hit does.
        self.header_names = {name.encode("ascii"): name for name in config.request_headers}
        self.pick = HeaderPicker(_environ_names(config.request_headers)).pick

    def connect(
        self,
        filters: RequestFilter,
        submit: Callable[[Record, float], None],
        withdraw: Callable[[Record | None], bool],
        errors: AtomicCounter,
    ) -> None:
        """Set the parts that a tracker replaces in a forked child."""
        self.filters = filters
        self.submit = submit
        self.withdraw = withdraw
        self.errors = errors

    def note_illegal(
        self, error: Exception, values: Mapping[str, object], names: Iterable[str]
    ) -> None:
        """Report a request that could not be read, without a value of it. Never raises.

        Args:
            error: What reading it raised.
            values: Its scope or environ.
            names: Those of the values that were read.
        """
        self.errors.bump()
        try:
            self.on_illegal(_fault(error, values, names))
        except Exception:  # noqa: BLE001 -- the values may be no mapping at all
            self.on_illegal(type(error).__name__)


def _fault(error: Exception, values: Mapping[str, object], names: Iterable[str]) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return ", ".join(
        f"{name!r} is of the type {type(values[name]).__name__}" for name in names if name in values
    )


def _environ_names(headers: Iterable[str]) -> frozenset[str]:
    """The WSGI environ keys that hold these headers, and the few that are no header."""
    return frozenset(
        {"REMOTE_ADDR", "REQUEST_METHOD", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"}
        | {"wsgi.url_scheme", "RAW_URI", "REQUEST_URI", MARK_KEY}
        | {f"HTTP_{name.upper().replace('-', '_')}" for name in headers}
    )
