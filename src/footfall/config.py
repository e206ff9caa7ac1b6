"""Every option, its default and why; from keyword arguments, a settings mapping or the environment.

A `Config` is checked and compiled once, when the app starts. All faults are raised together, in one
`ConfigError`; afterwards nothing about the settings can fail in a request. Precedence: explicit
argument, then the framework's settings, then `FOOTFALL_*` in the environment, then the default.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, Self, TypedDict, TypeVar, cast

from footfall import destinations as places
from footfall import pageview, paths, url
from footfall.client_ip import ClientIP
from footfall.dispatch import Limits
from footfall.errors import ConfigError, Fault
from footfall.model import Event, Headers, Hit
from footfall.transport import (
    MARK,
    TOTAL_TIMEOUT_SECONDS,
    TRANSPORT_NAMES,
    Transport,
    TransportName,
    why_not,
)


class Options(TypedDict, total=False):
    """The options of `Config` as keyword arguments, for the doors' signatures."""

    destinations: Sequence[str | places.Destination] | str | places.Destination
    enabled: bool
    trusted_proxies: str | int | Sequence[Any]
    client_ip_header: str | None
    client_ip: Callable[[Headers, str | None], str | None] | None
    anonymize_ip: Literal["truncate"] | bool
    exclude: Sequence[paths.Pattern] | str
    include: Sequence[paths.Pattern] | str
    default_exclude: bool
    prefetch: Literal["skip", "count", "refuse"]
    bots: Literal["skip", "count", "event"]
    is_bot: Callable[[Hit], bool | str | None] | None
    track_404: bool
    track_downloads: bool
    download_extensions: Sequence[str] | str
    track_iframes: bool
    track_localhost: bool | None
    respect_dnt: bool
    respect_gpc: bool
    should_track: Callable[[Hit], bool] | None
    before_send: Callable[[Event], Event | None] | None
    sample_rate: float
    keep_query: Sequence[str] | str
    base_url: str | None
    path_mode: Literal["path", "route"]
    hide_path_secrets: bool
    transport: TransportName | Transport
    mode: Literal["auto", "thread", "sync"]
    max_queue: int
    max_age_seconds: float
    max_connections: int
    timeout_seconds: float
    shutdown_timeout_seconds: float
    debug: bool


ENV_PREFIX: Final = "FOOTFALL_"

T = TypeVar("T")


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
    exclude: Sequence[paths.Pattern] | str = ()
    # Where given, only what matches is counted.
    include: Sequence[paths.Pattern] | str = ()
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
    max_age_seconds: float = 60.0
    max_connections: int = 8
    timeout_seconds: float = TOTAL_TIMEOUT_SECONDS
    # What a stopping process spends on the last events; every server allows it.
    shutdown_timeout_seconds: float = 2.0
    # Mistakes in `track()` raise instead of being counted. On by itself under pytest.
    debug: bool = False

    # -- compiled ------------------------------------------------------------------------------

    all_destinations: tuple[places.Destination, ...] = field(init=False, repr=False)
    resolver: ClientIP = field(init=False, repr=False)
    rules: pageview.Rules = field(init=False, repr=False)
    url_rules: url.UrlRules = field(init=False, repr=False)
    path_rules: paths.PathRules = field(init=False, repr=False)
    limits: Limits = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        _check_types(self, faults)
        found: tuple[places.Destination, ...] = _collect(
            faults, lambda: _destinations(self.destinations), ()
        )
        resolver = _collect(
            faults,
            lambda: ClientIP(
                trusted_proxies=self.trusted_proxies,
                client_ip_header=self.client_ip_header,
                client_ip=self.client_ip,
            ),
            None,
        )
        extensions: frozenset[str] = _collect(
            faults, lambda: _extensions(self.download_extensions), frozenset()
        )
        exclude = paths.DEFAULT_EXCLUDE if self.default_exclude else ()
        path_rules = _collect(
            faults,
            lambda: paths.PathRules(
                exclude=(*exclude, *paths.listed(self.exclude)), include=self.include
            ),
            None,
        )
        url_rules = _collect(
            faults,
            lambda: url.UrlRules(
                keep_query=_keep_query(self.keep_query),
                base_url=self.base_url,
                path_mode=self.path_mode,
                hide_path_secrets=self.hide_path_secrets,
            ),
            None,
        )
        if faults or resolver is None or path_rules is None or url_rules is None:
            raise ConfigError(faults)
        track_localhost = self.track_localhost
        if track_localhost is None:
            track_localhost = bool(found) and all(map(places.is_local, found))
        compiled: dict[str, Any] = {
            "all_destinations": found,
            "resolver": resolver,
            "path_rules": path_rules,
            "url_rules": url_rules,
            "rules": pageview.Rules(
                track_localhost=track_localhost,
                prefetch=self.prefetch,
                bots=self.bots,
                is_bot=self.is_bot,
                track_404=self.track_404,
                track_downloads=self.track_downloads,
                download_extensions=extensions,
                track_iframes=self.track_iframes,
                respect_dnt=self.respect_dnt,
                respect_gpc=self.respect_gpc,
                excluded_by=path_rules.excluded_by,
            ),
            "limits": Limits(
                max_events=self.max_queue,
                max_age_seconds=self.max_age_seconds,
                max_connections=self.max_connections,
            ),
        }
        for name, value in compiled.items():
            object.__setattr__(self, name, value)

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
            origin: Where the options stand, for error messages: `"FOOTFALL in settings.py"`.

        Raises:
            ConfigError: also for an unknown name, with the nearest one there is.
        """
        names = [f.name for f in fields(cls) if f.init]
        faults = [
            Fault(origin + name if origin else name, options[name], _nearest(name, names))
            for name in options
            if name not in names
        ]
        values = {
            **_from_environment(os.environ if environ is None else environ, names, faults),
            **{name: value for name, value in options.items() if name in names},
        }
        if not faults:
            return cls(**values)
        try:
            cls(**values)
        except ConfigError as error:
            faults += error.faults
        raise ConfigError(faults)

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
            | self.resolver.headers_read
            | {"host", "user-agent", "accept-language", MARK}
        )


def _check_types(config: Config, faults: list[Fault]) -> None:
    for name, allowed in _CHOICES.items():
        value = getattr(config, name)
        if value not in allowed:
            options = " or ".join(repr(choice) for choice in allowed)
            faults.append(Fault(name, value, f"write {options}"))
    for name in _SWITCHES:
        value = getattr(config, name)
        if not isinstance(value, bool):
            faults.append(Fault(name, value, "write True or False"))
    for name in _CALLABLES:
        value = getattr(config, name)
        if value is not None and not callable(value):
            faults.append(Fault(name, value, "give a function, or leave it out"))
    for name, (low, high) in _RANGES.items():
        value = getattr(config, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            faults.append(Fault(name, value, f"write a number from {low:g} to {high:g}"))
    if config.track_localhost not in (None, True, False):
        faults.append(Fault("track_localhost", config.track_localhost, "write True, False or None"))
    remedy = _transport_remedy(config.transport)
    if remedy:
        faults.append(Fault("transport", config.transport, remedy))


def _transport_remedy(wish: object) -> str | None:
    if isinstance(wish, str) and wish in TRANSPORT_NAMES:
        return why_not(wish)
    if callable(getattr(wish, "send", None)):
        return None
    names = ", ".join(f'"{name}"' for name in TRANSPORT_NAMES)
    return f"write one of {names}, or give an object with send(request)"


_CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "anonymize_ip": (False, "truncate"),
    "prefetch": ("skip", "count", "refuse"),
    "bots": ("skip", "count", "event"),
    "mode": ("auto", "thread", "sync"),
}
_SWITCHES: Final = (
    "enabled",
    "default_exclude",
    "track_404",
    "track_downloads",
    "track_iframes",
    "respect_dnt",
    "respect_gpc",
    "hide_path_secrets",
    "debug",
)
_CALLABLES: Final = ("is_bot", "should_track", "before_send")
# Above half an hour both vendors would open a second visit for a late event.
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "sample_rate": (0.0, 1.0),
    "max_queue": (1, 1_000_000),
    "max_age_seconds": (1, 1800),
    "max_connections": (1, 64),
    "timeout_seconds": (0.1, 60),
    "shutdown_timeout_seconds": (0, 60),
}


def _destinations(value: object) -> tuple[places.Destination, ...]:
    if isinstance(value, str):
        listed: Iterable[object] = places.split_dsns(value)
    elif isinstance(value, Iterable):
        listed = value
    else:
        listed = [value]
    faults: list[Fault] = []
    found: list[places.Destination] = []
    for item in listed:
        try:
            found.append(places.destination_from(cast("str", item)))
        except ConfigError as error:
            faults += error.faults
    names = [place.name for place in found]
    faults += [
        Fault("destinations", name, "is listed twice: every event would be counted twice")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise ConfigError(faults)
    return tuple(found)


def _keep_query(value: Sequence[str] | str) -> frozenset[str] | Literal["*"]:
    if value == "*":
        return "*"
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip())
    return frozenset(value)


def _extensions(value: Sequence[str] | str) -> frozenset[str]:
    """The endings of file names, in lower case and without their dot."""
    listed = value.split(",") if isinstance(value, str) else value
    found = frozenset(str(each).strip().removeprefix(".").lower() for each in listed)
    wrong = sorted(each for each in found if not each.isalnum())
    if wrong:
        remedy = 'write the endings of file names, such as ["pdf", "zip"]'
        raise ConfigError([Fault("download_extensions", each, remedy) for each in wrong])
    return found


def _collect(faults: list[Fault], make: Callable[[], T], otherwise: T) -> T:
    """What `make` returns; where it finds faults, they are added and `otherwise` returned."""
    try:
        return make()
    except ConfigError as error:
        faults += error.faults
        return otherwise


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name).lower(), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(names)}"
    return f"there is no such option; {hint}"


def _from_environment(
    environ: Mapping[str, str], names: Sequence[str], faults: list[Fault]
) -> dict[str, Any]:
    """Options given as `FOOTFALL_<NAME>`. An empty value counts as not given."""
    found: dict[str, Any] = {}
    for key, text in environ.items():
        if not key.startswith(ENV_PREFIX) or not text.strip():
            continue
        name = key.removeprefix(ENV_PREFIX).lower()
        if name.startswith(("service_", "port_")) or name == "port":
            continue  # Kubernetes says so to every pod beside a service named footfall
        if name in _NOT_FROM_ENVIRONMENT or name not in names:
            faults.append(Fault(key, text, _nearest(name, _environment_names(names))))
            continue
        try:
            found[name] = _parse(name, text.strip())
        except ValueError as error:
            faults.append(Fault(key, text, str(error)))
    return found


_NOT_FROM_ENVIRONMENT: Final = frozenset((*_CALLABLES, "client_ip"))


def _environment_names(names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in _NOT_FROM_ENVIRONMENT]


def _parse(name: str, text: str) -> object:
    if name in _SWITCHES or name == "track_localhost":
        return _switch(text)
    if name in _RANGES:
        try:
            return int(text) if name in _WHOLE_NUMBERS else float(text)
        except ValueError:
            raise ValueError("write a number") from None
    if name == "anonymize_ip" and text.lower() in _FALSE:
        return False
    return text


_WHOLE_NUMBERS: Final = ("max_queue", "max_connections")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("write 1 or 0")


def as_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A framework's settings mapping as keyword options: names in lower case."""
    return {str(name).lower(): value for name, value in settings.items()}


def under_pytest(environ: Mapping[str, str]) -> bool:
    """True in a test run: pytest sets this variable for itself and the processes it starts."""
    return "PYTEST_VERSION" in environ


__all__ = ["Config", "as_options", "under_pytest"]
