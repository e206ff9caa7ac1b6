"""The settings of one tracker: every option with its default and the reason for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from footfall import destinations as places
from footfall.client_ip import ClientIP
from footfall.config.compile import compiled
from footfall.config.sources import given
from footfall.config.validate import checked
from footfall.delivery import Limits
from footfall.delivery.outbox import Mode
from footfall.delivery.transport import MARK, TOTAL_TIMEOUT_SECONDS, Transport, TransportName
from footfall.errors import ConfigError, Fault
from footfall.events import details
from footfall.model import Event, Headers, Hit
from footfall.rules import pageview, path_rules, url


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one tracker. Compiled parts are the attributes after the options.

    Raises:
        ConfigError: lists every wrong option with its value and the remedy.
    """

    # -- where events go -----------------------------------------------------------------------

    # Nothing configured means: count nothing, send nothing, say so once.
    destinations: Sequence[str | places.Destination] | str | places.Destination = ()
    # One switch for staging, tests and local work.
    enabled: bool = True

    # -- who the visitor is --------------------------------------------------------------------

    # Right behind a local proxy, a container network and most platforms; spoofable behind none.
    trusted_proxies: str | int | Sequence[Any] = "auto"
    # For the one header that a platform overwrites itself, such as CF-Connecting-IP.
    client_ip_header: str | None = None
    # For the one odd proxy: called with the headers and the peer.
    client_ip: Callable[[Headers, str | None], str | None] | None = None
    # Vendors need the whole address for their daily visitor id, and do not keep it.
    anonymize_ip: Literal["truncate"] | bool = False

    # -- what counts ---------------------------------------------------------------------------

    # Globs, regexes or callables; what they match is never counted.
    exclude: Sequence[path_rules.Pattern] | str = ()
    # Where given, only what matches is counted.
    include: Sequence[path_rules.Pattern] | str = ()
    # Password resets and their like carry secrets in the path, so they are excluded from the start.
    default_exclude: bool = True
    # A page fetched ahead was not looked at; `refuse` makes the browser ask again on the click.
    prefetch: Literal["skip", "count", "refuse"] = "skip"
    # `event` shows crawlers and assistants as a custom event beside the human numbers.
    bots: Literal["skip", "count", "event"] = "skip"
    is_bot: Callable[[Hit], bool | str | None] | None = None
    # A custom event costs quota, and scanners ask for a thousand missing pages a day.
    track_404: bool = False
    # Vendors' own scripts count downloads as an event of this kind.
    track_downloads: bool = True
    # The list of the vendors' own scripts; a file sent as attachment counts by any name.
    download_extensions: Sequence[str] | str = tuple(sorted(pageview.DOWNLOAD_EXTENSIONS))
    # The page around a frame is what is looked at; widgets for other sites' pages say True.
    track_iframes: bool = False
    # None counts hits on localhost only where every destination is on this machine too.
    track_localhost: bool | None = None
    # No person is identified; one vendor ignores both signals and browsers have dropped one.
    respect_dnt: bool = False
    respect_gpc: bool = False
    # The owner's last word before the decision, on the delivery side.
    should_track: Callable[[Hit], bool] | None = None
    # The owner's last word before sending; None drops the event.
    before_send: Callable[[Event], Event | None] | None = None

    # Keeps this share of the visitors, whole visits and all, where quota is dear.
    sample_rate: float = 1.0

    # -- what is sent --------------------------------------------------------------------------

    # Query parameters that survive beside the campaign's; "*" keeps all but known secrets.
    keep_query: Sequence[str] | str = ()
    # Where proxies hide the public scheme and host, say them here.
    base_url: str | None = None
    # `route` sends `/users/{id}` instead of `/users/17`, where the framework tells it.
    path_mode: Literal["path", "route"] = "path"
    # Long tokens in a path become `:token`.
    hide_path_secrets: bool = True

    # -- how it is delivered -------------------------------------------------------------------

    # libcurl where it is installed, else httpx2; or anything with `send(request) -> response`.
    transport: TransportName | Transport = "auto"
    # `sync` delivers within the request: for platforms that freeze the process between requests.
    # "auto" knows AWS Lambda, Cloud Functions, Cloud Run and Vercel by their environment.
    mode: Literal["auto", "thread", "sync"] = "auto"
    # See dispatch.Limits for the reasons of these four.
    max_queue: int = 10_000
    # 60 by default; 300 with an outbox, whose purpose is to outlast a restart.
    max_age_seconds: float | None = None
    max_connections: int = 8
    timeout_seconds: float = TOTAL_TIMEOUT_SECONDS
    # A file that keeps what waits, for deploys and crashes: all processes of a host share it. It
    # holds visitors' addresses until they are sent, so it is there only when asked for.
    outbox: str | os.PathLike[str] | None = None
    # A duplicate falsifies bounce rate and pageviews where a loss only under-counts.
    outbox_mode: Mode = "at_most_once"
    # What a stopping process spends on the last events; every server allows it.
    shutdown_timeout_seconds: float = 2.0
    # Signs visitor tokens, where they leave the app; plain ones are then refused. Shown nowhere.
    token_secret: str | None = field(default=None, repr=False)
    # Mistakes in `track()` raise instead of being counted. On by itself under pytest.
    debug: bool = False

    # -- compiled ------------------------------------------------------------------------------

    all_destinations: tuple[places.Destination, ...] = field(init=False, repr=False)
    resolver: ClientIP = field(init=False, repr=False)
    path_rules: path_rules.PathRules = field(init=False, repr=False)
    url_options: url.UrlOptions = field(init=False, repr=False)
    pageview_options: pageview.PageviewOptions = field(init=False, repr=False)
    limits: Limits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults: list[Fault] = checked(self)
        parts = compiled(self, faults)
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
        """Make a Config of `options`, with `FOOTFALL_*` filling what they leave out.

        Args:
            options: Names of this class's fields, in lower case.
            environ: Defaults to the process's environment.
            origin: Where the options stand, for error messages: `"FOOTFALL in settings.py "`.

        Raises:
            ConfigError: also for an unknown name, with the nearest one there is. Every fault names
                its option as it was written: `FOOTFALL_MAX_QUEUE`, or with `origin` before it.
        """
        names = [option.name for option in fields(cls) if option.init]
        read = given(options, os.environ if environ is None else environ, names, origin)
        try:
            config = cls(**read.values)
        except ConfigError as error:
            faults = [read.as_written(fault) for fault in error.faults]
            raise ConfigError([*read.faults, *faults]) from None
        if read.faults:
            raise ConfigError(read.faults)
        return config

    @property
    def is_active(self) -> bool:
        """True if hits are looked at: switched on, and there is somewhere to send to."""
        return self.enabled and bool(self.all_destinations)

    @property
    def stays_here(self) -> bool:
        """True if nothing this tracker sends can leave the machine."""
        return all(map(places.is_local, self.all_destinations))

    @property
    def request_headers(self) -> frozenset[str]:
        """The request headers, in lower case, that anything behind this config may look at.

        Cookies and authorization are never among them, unless `client_ip_header` names one.
        """
        return (
            pageview.REQUEST_HEADERS
            | url.REQUEST_HEADERS
            | places.VISITOR_HEADERS
            | details.REQUEST_HEADERS
            | self.resolver.headers_read
            | {"host", "user-agent", "accept-language", MARK}
        )
