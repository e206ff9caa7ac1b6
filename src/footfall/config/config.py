"""The settings of one tracker: each option with its type, default, bounds and explanation."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, cast

from footfall.client_ip import ClientIP
from footfall.client_ip.addresses import Networks
from footfall.config.compile import compile_options
from footfall.config.complement import ComplementOptions
from footfall.config.dashboard import DashboardOptions
from footfall.config.declare import declared_options, option
from footfall.config.options import DashboardAllow, Options
from footfall.config.sources import overruled_variables, read
from footfall.config.validate import validate
from footfall.delivery import Limits
from footfall.delivery.outbox import Mode
from footfall.delivery.transport import (
    MARKER_HEADER,
    TOTAL_TIMEOUT_SECONDS,
    Transport,
    TransportName,
)
from footfall.destinations import VISITOR_HEADERS, Destination, is_local
from footfall.errors import ConfigError
from footfall.events import details
from footfall.model import Event, Headers, Hit
from footfall.rules import pageview, path_rules, url


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one tracker, checked and compiled when it is made.

    Args: the options below; the manual explains each. The attributes after them are compiled.

    Raises:
        ConfigError: lists every wrong option with its value and the remedy.
    """

    # -- where events go -----------------------------------------------------------------------

    # Without any, nothing is counted or sent, and the log says so once.
    destinations: Sequence[str | Destination] | str | Destination = option(
        (),
        "where events go: lines or objects, one or several",
        shown_default="none",
        is_secret=True,
    )
    enabled: bool = option(True, "one switch for staging and tests")

    # -- the dashboard in the app --------------------------------------------------------------

    dashboard: str | None = option(
        None,
        'shows the figures of an `"sqlite:"` destination below this path, such as `"/stats"`; see '
        "[Dashboard](dashboard.md)",
    )
    # Each of these lets in whom it knows. Without any, only a browser on this machine, and one at a
    # local address while the app is in debug mode.
    dashboard_token: str | None = option(
        None,
        "who opens the dashboard once with `?token=` may look; 16 characters or more",
        is_secret=True,
    )
    dashboard_allow: DashboardAllow | None = option(
        None,
        'a function of the request that returns True for who may look; under Django also `"staff"`',
        is_validated=False,
    )
    dashboard_password: str | None = option(
        None,
        "`USER:HASH` of who may look, from `python -m footfall.dashboard.password USER`",
        is_secret=True,
    )
    # Others see the figures alone, of one site: neither the live page nor a hit.
    dashboard_share_token: str | None = option(
        None,
        "whoever has the address `/stats/shared/TOKEN/` sees the figures, and nothing else",
        is_secret=True,
    )

    # -- what no server can see ----------------------------------------------------------------

    complement: str | None = option(
        None,
        'answers below this path, such as `"/_stats"`, for a script that reports the pages which '
        "browsers show without a request; see [Complement](complement.md)",
    )
    # Each lets something leave the browser that no request of a page holds.
    complement_engagement: bool = option(
        False,
        "lets the script report how long each page was visible, and how far it was scrolled; see "
        "[Complement](complement.md#visible-time-and-scroll-depth)",
    )
    complement_heartbeat: bool = option(
        False,
        "lets the script report every 30 seconds that a page is visible; see "
        "[Complement](complement.md#heartbeats)",
    )
    complement_hash_routes: bool = option(
        False,
        "counts a change of the fragment to a route, such as `#/users`, as a page; see "
        "[Complement](complement.md#routes-in-the-fragment)",
    )
    complement_window: bool = option(
        False,
        "lets the script report the width of the window and the time zone; see "
        "[Complement](complement.md#window-and-time-zone)",
    )

    # -- who the visitor is --------------------------------------------------------------------

    # Right behind a local proxy, a container network and most platforms; spoofable behind none.
    trusted_proxies: str | int | Sequence[Any] = option(
        "auto", "the proxies whose headers are believed; see [Behind a proxy](proxies.md)"
    )
    client_ip_header: str | None = option(None, "the one header that holds the address")
    client_ip: Callable[[Headers, str | None], str | None] | None = option(
        None, "a function `(headers, peer)` that returns it", is_validated=False
    )
    # Vendors need the whole address for their daily visitor id, and do not keep it.
    anonymize_ip: Literal["truncate"] | bool = option(
        False,
        '`"truncate"` cuts it to /24 or /48; visitors of one network with one browser become one',
        choices=(False, "truncate"),
    )

    # -- what counts ---------------------------------------------------------------------------

    exclude: Sequence[path_rules.Pattern] | str = option(
        (),
        'paths never counted: globs such as `"/admin/**"`, compiled regexes, functions of the hit; '
        '`"!/admin/open"` re-includes',
    )
    include: Sequence[path_rules.Pattern] | str = option((), "if set, only these paths count")
    # Password resets and similar pages carry secrets in the path.
    default_exclude: bool = option(
        True, "excludes password resets and other pages whose path is a secret"
    )
    # One's own visits. Behind a proxy the address is the visitor's, not the proxy's.
    exclude_ips: Sequence[str] | str = option(
        (),
        'visitors never counted, by address or network: `"203.0.113.0/24"`; see [Your own '
        "visits](privacy.md#your-own-visits)",
    )
    # Nobody has seen a prefetched page yet.
    prefetch: Literal["skip", "count", "refuse"] = option(
        "skip",
        '`"count"` counts prefetches; `"refuse"` answers them with 503, so that browsers send '
        "a request on the click",
    )
    bots: Literal["skip", "count", "event"] = option(
        "skip",
        '`"count"` counts bots as people; `"event"` sends a `Bot Visit` event with its name and '
        "class",
    )
    is_bot: Callable[[Hit], bool | str | None] | None = option(
        None,
        "a function of the hit: True or a name for a bot, False for a person, None for the "
        "built-in filter; `footfall.crawlers.is_bot` (extra `[bots]`) adds a community's list",
    )
    # A custom event costs quota, and scanners ask for a thousand missing pages a day.
    track_404: bool = option(False, "sends missing pages that are HTML as event `404`")
    # Vendors' own scripts count downloads as an event of this kind.
    track_downloads: bool = option(True, "sends saved files as event `File Download`")
    # The list of the vendors' own scripts.
    download_extensions: Sequence[str] | str = option(
        tuple(sorted(pageview.DOWNLOAD_EXTENSIONS)),
        "the extensions of such files; attachments count with any name",
        shown_default="`pdf`, `zip`, ...",
    )
    # Readers fetch feeds each hour, whether somebody reads them or not.
    track_feeds: bool = option(
        False, "sends fetched RSS, Atom and JSON feeds as event `Feed`, with their reader"
    )
    # An API may be called a thousand times for one page.
    track_api: Sequence[path_rules.Pattern] | str = option(
        (),
        'paths whose calls are sent as event `API` by route, method and status: `"/api/**"`',
    )
    # People see the page around a frame.
    track_iframes: bool = option(False, "counts pages in frames, for widgets on other sites")
    track_localhost: bool | None = option(
        None,
        "counts hits on localhost; by default only if every destination is on this machine",
        shown_default="`None`",
    )
    # No person is identified; one vendor ignores both signals and browsers have dropped one.
    respect_dnt: bool = option(False, "does not count browsers that send `DNT`")
    respect_gpc: bool = option(False, "does not count browsers that send `Sec-GPC`")
    # No person follows these links; who looks at them finds advertising.
    skip_spam_referrers: bool = option(True, "does not count visits from hosts known for spam")
    should_track: Callable[[Hit], bool] | None = option(
        None,
        "a function of the hit, called before the decision; runs on a background thread unless "
        '`mode` is `"sync"`',
    )
    before_send: Callable[[Event], Event | None] | None = option(
        None,
        "a function of the event that returns it, another event, or None to drop it; runs on a "
        'background thread unless `mode` is `"sync"`',
    )
    # For sites where quota is expensive.
    sample_rate: float = option(
        1.0, "counts this share of the visitors, each with all pages or none", low=0.0, high=1.0
    )

    # Vendors bill by the event, and a single post may bring the visitors of a month.
    max_events_per_day: int | None = option(
        None,
        "events to send on one day (UTC); as they run out, fewer visitors count, each with all "
        "pages or none; see [A budget of events](counting.md#a-budget-of-events)",
        low=1,
    )
    max_events_per_month: int | None = option(None, "the same for a month", low=1)

    # -- what is sent --------------------------------------------------------------------------

    keep_query: Sequence[str] | str = option(
        (), 'further query parameters to send; `"*"` for all but known secrets'
    )
    base_url: str | None = option(
        None, "the public scheme and host, where your proxies do not pass them on"
    )
    path_mode: Literal["path", "route"] = option(
        "path",
        '`"route"` sends `/users/{id}` for `/users/17`, where the framework tells its route, or '
        "[the app does](frameworks.md)",
        is_validated=False,
    )
    hide_path_secrets: bool | Sequence[str | re.Pattern[str]] | Callable[[str], bool] = option(
        True,
        "replaces long random text in a path by `:token`; own regexes, or a function of a segment, "
        "hide more",
        choices=(True, False),
        is_validated=False,
    )

    # -- how it is delivered -------------------------------------------------------------------

    transport: TransportName | Transport = option(
        "auto",
        'what sends requests: `"curl"` (extra `[curl]`), `"httpx"`, or any object with '
        '`send(request)`; `"auto"` uses libcurl where it is installed; under gevent and eventlet '
        "httpx2 sends in its place",
    )
    mode: Literal["auto", "thread", "sync"] = option(
        "auto",
        '`"sync"` delivers within the request, before the response is sent, with one try that may '
        'take a second; an event loop is not blocked; `"auto"` means `"sync"` on AWS Lambda, Cloud '
        "Functions, Cloud Run and Vercel, which stop the process between requests, and "
        '`"thread"` elsewhere',
    )
    # See delivery.Limits for the reasons of these four.
    max_queue: int = option(
        10_000,
        "events that may wait for one destination, in 8 MiB at most; the oldest are dropped first",
        low=1,
        high=1_000_000,
    )
    # Above half an hour both vendors would open a second visit for a late event.
    max_age_seconds: float | None = option(
        None,
        "events that waited longer are dropped, since vendors stamp them on arrival; those that "
        "take an event's own time get it up to an hour later, unless this is set",
        shown_default="`60`; `300` with `outbox`",
        low=1,
        high=1800,
    )
    max_connections: int = option(
        32, "connections to each destination, from each process", low=1, high=64
    )
    timeout_seconds: float = option(
        TOTAL_TIMEOUT_SECONDS, "limit for one whole exchange with a vendor", low=0.1, high=60
    )
    # Off: it holds visitors' addresses until they are sent. All processes of a host share it.
    outbox: str | os.PathLike[str] | None = option(
        None,
        "the path of a file that keeps waiting events through deploys and crashes; see "
        "[Delivery](delivery.md#the-outbox)",
    )
    # A duplicate falsifies bounce rate and pageviews where a loss only under-counts.
    outbox_mode: Mode = option(
        "at_most_once",
        '`"at_least_once"` sends an event again where a crash leaves in doubt whether it was sent',
    )
    # Every server allows a stopping process this long.
    shutdown_timeout_seconds: float = option(
        2.0, "how long a stopping process delivers the last events", low=0, high=60
    )
    token_secret: str | None = option(
        None,
        "signs visitor tokens; 16 characters or more, for instance the app's secret key",
        is_secret=True,
    )
    debug: bool = option(False, "wrong calls of `track()` raise; on by default under pytest")

    # -- compiled ------------------------------------------------------------------------------

    # In the repr instead of `destinations`, where a line may hold a secret.
    all_destinations: tuple[Destination, ...] = field(init=False)
    # Of an event; of the destination that takes the longest.
    max_name_chars: int = field(init=False, repr=False)
    resolver: ClientIP = field(init=False, repr=False)
    # Of `exclude_ips`.
    excluded_networks: Networks = field(init=False, repr=False)
    # None where no API call counts.
    api_rules: path_rules.PathRules | None = field(init=False, repr=False)
    path_rules: path_rules.PathRules = field(init=False, repr=False)
    url_options: url.UrlOptions = field(init=False, repr=False)
    pageview_options: pageview.PageviewOptions = field(init=False, repr=False)
    limits: Limits = field(init=False, repr=False)
    # None where there is none.
    dashboard_options: DashboardOptions | None = field(init=False, repr=False)
    # None where there is none.
    complement_options: ComplementOptions | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = {name: getattr(self, name) for name in OPTIONS}
        faults = validate(values, OPTIONS.values())
        parts = compile_options(cast("Options", values), faults)
        if parts is None:
            raise ConfigError(faults)
        for name, part in parts._asdict().items():
            object.__setattr__(self, name, part)

    @classmethod
    def load(
        cls,
        options: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> Self:
        """Make a Config of `options`, with `FOOTFALL_*` in the environment for what they leave out.

        Args:
            options: By name, in lower case.
            environ: Defaults to the process's environment.
            origin: Stands before the names of `options` in errors: `"FOOTFALL in settings.py "`.

        Raises:
            ConfigError: also for an unknown name, with the nearest known one. Every fault names its
                option as it was written: `FOOTFALL_MAX_QUEUE`, or with `origin` before it.
        """
        given = read(options, os.environ if environ is None else environ, OPTIONS, origin)
        try:
            config = cls(**given.values)
        except ConfigError as error:
            faults = [given.as_written(fault) for fault in error.faults]
            raise ConfigError([*given.faults, *faults]) from None
        if given.faults:
            raise ConfigError(given.faults)
        return config

    @property
    def is_active(self) -> bool:
        """True if hits are handled: `enabled`, and there is a destination."""
        return self.enabled and bool(self.all_destinations)

    @property
    def is_local_only(self) -> bool:
        """True if every destination is on this machine."""
        return all(map(is_local, self.all_destinations))

    @property
    def request_headers(self) -> frozenset[str]:
        """The request headers, in lower case, that anything with this config may read.

        Cookies and authorization are never among them, unless `client_ip_header` names one.
        """
        return (
            pageview.REQUEST_HEADERS
            | url.REQUEST_HEADERS
            | VISITOR_HEADERS
            | details.REQUEST_HEADERS
            | self.resolver.headers_read
            | {"host", "user-agent", "accept-language", MARKER_HEADER}
        )


OPTIONS: Final = declared_options(Config)
"""Every option by its name, in the order of the manual."""


def overruled(given: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """The variables of the environment without effect, since `given` has other values."""
    return overruled_variables(given, environ, OPTIONS)
