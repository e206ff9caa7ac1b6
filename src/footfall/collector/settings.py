"""The settings of the collector: each is declared here once, as a field of `CollectorSettings`.

    keep_days: int | None = setting(None, "how long (no limit)", metavar="DAYS", parse=_whole)

The field is a keyword of `CollectorServer` (name it in `CollectorOptions`, too), an option of
`footfall collect` (`--keep-days DAYS`) and a variable (`FOOTFALL_COLLECTOR_KEEP_DAYS`). The command
line has precedence over the environment. A fault names a setting as it was written.

Nothing else of the collector is loaded here, since `footfall` reads the options of all its commands
at each start.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypedDict, TypeVar

from footfall.collector.allowed_hosts import AllowedHosts
from footfall.collector.root_path import normalized_root_path
from footfall.common.bearer_token import MIN_LENGTH, token_remedy
from footfall.common.byte_size import parse_size
from footfall.common.loopback import is_loopback
from footfall.common.same_file import is_same_file
from footfall.errors import ConfigError, Fault

if TYPE_CHECKING:
    from footfall.collector.ingest.chaos import Chaos
    from footfall.collector.storage.database import Synchronous
    from footfall.collector.storage.store import Store
    from footfall.destinations import Destination

logger = logging.getLogger("footfall.collector")

T = TypeVar("T")

PREFIX: Final = "FOOTFALL_COLLECTOR_"
"""What the variables begin with."""


# Some resolvers wrap larger numbers around to 0.
MAX_PORT: Final = 65_535
# To listen on all addresses; no name of the collector, though browsers connect to it.
_ANY_ADDRESS: Final = ("0.0.0.0", "::")  # noqa: S104 -- nothing is bound here


class Setting(NamedTuple):
    """How a field of `CollectorSettings` is written outside of programs."""

    name: str
    """Of the field."""
    option: str
    """The long option, without its dashes."""
    short: str | None
    text: str
    """What it does, for the command line's help."""
    metavar: str | None
    parse: Callable[[str], Any]
    """Reads the text of one value. A `ValueError` has the remedy as its text."""
    split: Callable[[str], list[str]] | None
    """Splits the variable of an option that may be repeated."""
    is_switch: bool

    @property
    def flag(self) -> str:
        return f"--{self.option}"

    @property
    def variable(self) -> str:
        return PREFIX + self.option.upper().replace("-", "_")


def setting(
    default: T,
    text: str,
    *,
    option: str | None = None,
    short: str | None = None,
    metavar: str | None = None,
    parse: Callable[[str], Any] = str,
    split: Callable[[str], list[str]] | None = None,
    is_secret: bool = False,
) -> T:
    """Declare a setting, as a field of `CollectorSettings`.

    Args:
        default: Its value where nothing is given.
        text: What it does, for the command line's help.
        option: The long option, where that is not the field's name.
        short: The short option.
        metavar: The value, in the command line's help.
        parse: Reads the text of a value; raises a `ValueError` with the remedy.
        split: Splits a variable into values; makes the option one that may be repeated.
        is_secret: Keeps the value out of the `repr`.
    """
    metadata = {
        "option": option,
        "short": short,
        "text": text,
        "metavar": metavar,
        "parse": parse,
        "split": split,
        "is_switch": isinstance(default, bool),
    }
    return field(default=default, repr=not is_secret, metadata=metadata)


# -- the texts of values -----------------------------------------------------------------------


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("write a whole number") from None


def _switch(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("write 1 or 0")


def _log_format(text: str) -> str:
    if text not in ("text", "json"):
        raise ValueError("choose text or json")
    return text


def _chaos(text: str) -> Chaos:
    from footfall.collector.ingest.chaos import parse_chaos

    return parse_chaos(text)


def _destination(text: str) -> Destination:
    from footfall.destinations import destination_from

    return destination_from(text)


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,]+", text) if name]


def _lines(text: str) -> list[str]:
    """Destinations: a comma inside of one does not end it, for the next begins with a scheme."""
    parts = re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", text, flags=re.IGNORECASE)
    return [line for part in parts if (line := part.strip(" \t\r\n,"))]


def read_token_file(option: str, file: str | Path) -> str:
    """The token in a file, without the white space around it; `option` named the file.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ConfigError(Fault(option, str(file), f"cannot be read: {reason}")) from None


# -- the settings ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """Everything that a collector is started with.

    `database`, `keep_events`, `keep_days`, `max_bytes`, `synchronous`, `timezone` and `mmdb` are
    those of `Store`, which checks them.

    Args:
        host: The address to listen on. Any but a loopback address requires a `token`.
        port: The port to listen on; 0 for a free one.
        allowed_hosts: The names to which it answers, besides `localhost`, loopback addresses and
            its own address; `.example.com` is example.com and all names below. With none, it
            answers to any name where `host` is no loopback address: nobody knows the names of a
            container.
        root_path: The path below which browsers find it, such as `/stats`.
        token: What pages and API require. Where `host` is open, 16 characters or more.
        token_file: A file with the token, instead of `token`. Its mode is not checked, since
            containers mount secrets readable for every user of theirs.
        ingest_token: What our own middleware must send (`Collector(token=...)`); None for nothing.
            The vendors' endpoints take events from anybody in any case. `token` is accepted, too.
        ingest_token_file: A file with it, instead of `ingest_token`.
        domains: The Plausible domains and Swetrix projects that exist; with none, all do.
        share: Domains whose dashboard has an address that needs no token. It stays the same while
            the domain is named here; once it is not, the address is gone for good.
        forward: Destinations that events are forwarded to.
        forward_outbox: A file in which these events wait; see `footfall.collector.ingest.forward`.
        chaos: Makes some requests fail on purpose; see `footfall.collector.ingest.chaos`.
        max_connections: How many connections may be open, if the limit of open files allows it.
        log_format: How `footfall collect` writes its lines: `"text"` or `"json"`.
        opens_page: Whether `footfall collect` opens the page in a browser.

    Raises:
        ConfigError: with a fault for each setting that cannot work.
    """

    # Nobody else can reach it.
    host: str = setting(
        "127.0.0.1",
        "address to listen on; any but this machine's own needs --token (127.0.0.1)",
    )
    # Not used by anything that IANA or Debian's /etc/services lists.
    port: int = setting(8321, "0 takes a free one (8321)", short="-p", parse=_whole)
    allowed_hosts: Collection[str] = setting(
        (),
        "a name to which the collector answers, besides localhost and its address; repeatable, "
        ".example.com for all below; without it, any name where --host is open to others",
        option="allowed-host",
        metavar="NAME",
        split=_names,
    )
    root_path: str = setting(
        "",
        "the path below which a proxy serves the collector, such as /stats; the proxy may strip it "
        "or pass it on",
        metavar="PATH",
    )
    token: str | None = setting(
        None,
        "the secret that opens the page and the API; in a variable or a file no other user sees it",
        is_secret=True,
    )
    token_file: str | Path | None = setting(
        None, "a file that holds the token", metavar="FILE", parse=Path
    )
    ingest_token: str | None = setting(
        None,
        "the secret that apps with footfall must send: collector://TOKEN@HOST:PORT/DOMAIN; "
        "/api/event and /log stay open, as at the vendors",
        is_secret=True,
    )
    ingest_token_file: str | Path | None = setting(
        None, "a file that holds the ingest token", metavar="FILE", parse=Path
    )
    database: str | Path = setting(
        "footfall.sqlite3",
        "where events are kept; :memory: keeps them until the end (footfall.sqlite3)",
        metavar="FILE",
    )
    # See `KEEP_EVENTS` of the store.
    keep_events: int = setting(
        1_000_000, "how many (1000000)", option="keep", metavar="EVENTS", parse=_whole
    )
    keep_days: int | None = setting(None, "how long (no limit)", metavar="DAYS", parse=_whole)
    # See `MAX_BYTES` of the store.
    max_bytes: int | None = setting(
        1_000_000_000,
        "how much of the disk, such as 500MB; beyond it the oldest events are deleted (1GB)",
        option="max-size",
        metavar="SIZE",
        parse=parse_size,
    )
    # A sync for each commit makes senders wait for the disk.
    synchronous: Synchronous = setting(
        "normal",
        "what a power cut may lose: the last minute's events (normal), or none, at the cost of a "
        "wait for the disk at each commit (full); normal",
        metavar="MODE",
    )
    domains: Collection[str] = setting(
        (),
        "a domain or Swetrix project that exists, repeatable; without it, all do",
        option="domain",
        metavar="DOMAIN",
        split=_names,
    )
    share: Collection[str] = setting(
        (),
        "a domain whose dashboard others may see, at a secret address that is shown at the start; "
        "repeatable",
        metavar="DOMAIN",
        split=_names,
    )
    timezone: str = setting(
        "UTC",
        "where days begin at midnight, such as Europe/Berlin (UTC)",
        metavar="ZONE",
    )
    mmdb: str | Path | None = setting(
        None,
        "a country database in the MaxMind format; without it, a CDN's header is read",
        metavar="FILE",
    )
    forward: Sequence[Destination] = setting(
        (),
        "pass on what comes in, such as plausible://plausible.io/example.com; repeatable",
        metavar="DESTINATION",
        parse=_destination,
        split=_lines,
    )
    forward_outbox: str | Path | None = setting(
        None,
        "a file of its own in which events to pass on wait, for a day at most and through kills; "
        "it holds visitors' addresses; without it, they wait in memory for a minute",
        metavar="FILE",
        parse=Path,
    )
    chaos: Chaos | None = setting(
        None,
        "answer senders with faults: a status, slow:2s, hang, drop or reset, each with the "
        "share of requests, such as 503:0.2,slow:2s:0.1; seed:7 repeats the choices",
        metavar="FAULTS",
        parse=_chaos,
    )
    # Behind a proxy there are tens; the browsers of a busy site leave some hundreds idle.
    max_connections: int = setting(
        1_000,
        "how many may be open; fewer where the limit of open files is low (1000)",
        metavar="NUMBER",
        parse=_whole,
    )
    log_format: str = setting(
        "text",
        "text, or json for one object a line (text)",
        metavar="FORMAT",
        parse=_log_format,
    )
    opens_page: bool = setting(False, "open the page in a browser", option="open", parse=_switch)
    _spellings: Mapping[str, str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        from footfall.collector.storage.store import faults_of

        faults: list[Fault] = []
        self._set(host=self.host.strip("[]"))
        try:
            self._set(root_path=normalized_root_path(self.root_path))
        except ValueError as error:
            faults.append(Fault("root_path", self.root_path, str(error)))
        for name in self.allowed_hosts:
            try:
                AllowedHosts.of([name])
            except ValueError as error:
                faults.append(Fault("allowed_hosts", name, str(error)))
        token_faults = self._token_faults("token")
        faults += token_faults
        if not self.token and not is_loopback(self.host) and not token_faults:
            remedy = "is open to others: set a token, or listen on 127.0.0.1"
            faults.append(Fault("host", self.host, remedy))
        faults += self._token_faults("ingest_token")
        if not 0 <= self.port <= MAX_PORT:
            remedy = f"choose one up to {MAX_PORT}, or 0 for a free one"
            faults.append(Fault("port", self.port, remedy))
        faults += faults_of(
            self.keep_events, self.keep_days, self.max_bytes, self.timezone, self.synchronous
        )
        if self.forward_outbox is not None and not self.forward:
            remedy = "keeps what is passed on, and nothing is: name a destination with forward"
            faults.append(Fault("forward_outbox", str(self.forward_outbox), remedy))
        if self.forward_outbox is not None and is_same_file(self.forward_outbox, self.database):
            remedy = "is the database, which holds other tables: name a file of its own"
            faults.append(Fault("forward_outbox", str(self.forward_outbox), remedy))
        for name in self.share:
            if self.domains and name not in self.domains:
                faults.append(Fault("share", name, f"share one of {', '.join(self.domains)}"))
        if self.max_connections < 1:
            faults.append(Fault("max_connections", self.max_connections, "choose 1 or more"))
        if faults:
            raise ConfigError(faults)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        options: Mapping[str, str | Sequence[str] | bool] | None = None,
        **defaults: Any,
    ) -> Self:
        """The settings of the environment and the command line.

        Args:
            environ: Variables that are empty, or that Kubernetes sets, are ignored; a warning
                names any other that begins with `FOOTFALL_COLLECTOR_` and is unknown.
            options: The texts of the command line's options, by the names of the fields.
            defaults: The values of what neither gives.

        Raises:
            ConfigError: with a fault for each setting that cannot work, named as it was written.
        """
        texts, written = _given(environ, options or {})
        spellings = {
            name: each.variable if options is None else each.flag for name, each in SETTINGS.items()
        } | written
        faults: list[Fault] = []
        values: dict[str, Any] = {}
        for name, text in texts.items():
            try:
                values[name] = _parsed(SETTINGS[name], text)
            except ConfigError as error:
                faults += [each._replace(option=spellings[name]) for each in error.faults]
            except ValueError as error:
                faults.append(Fault(spellings[name], text, str(error)))
        try:
            found = cls(**{**defaults, **values})
        except ConfigError as error:
            faults += _respelled(error, spellings).faults
        if faults:
            raise ConfigError(faults)
        found._set(_spellings=spellings)
        return found

    @property
    def is_public(self) -> bool:
        """Whether others reach it: by its address, or by a name that a proxy passes on."""
        return bool(self.allowed_hosts) or not is_loopback(self.host)

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """The names to which it answers, besides those of this machine; None for any name."""
        if self.is_public and not self.allowed_hosts:
            return None
        own = () if self.host in _ANY_ADDRESS else (self.host,)
        return (*self.allowed_hosts, *own)

    def open_store(self) -> Store:
        """Open the store.

        Raises:
            ConfigError: The file cannot be used, or nothing would be kept.
        """
        from footfall.collector.storage.store import Store

        return Store(
            self.database,
            keep_events=self.keep_events,
            keep_days=self.keep_days,
            max_bytes=self.max_bytes,
            timezone=self.timezone,
            mmdb=self.mmdb,
            synchronous=self.synchronous,
        )

    def as_written(self, error: ConfigError) -> ConfigError:
        """The error with the settings named as the site owner wrote them."""
        return _respelled(error, self._spellings)

    def _token_faults(self, name: str) -> list[Fault]:
        """Read the token from its file where it has one, and check it."""
        token, file = getattr(self, name), getattr(self, f"{name}_file")
        if file is not None:
            if token is not None:
                return [Fault(f"{name}_file", str(file), f"give {name} or {name}_file, not both")]
            try:
                token = read_token_file(f"{name}_file", file)
            except ConfigError as error:
                return [*error.faults]
        if token is None:
            return []
        token = token.strip()
        self._set(**{name: token})
        remedy = token_remedy(token)
        if not remedy and len(token) < MIN_LENGTH and not is_loopback(self.host):
            remedy = f"can be guessed: take {MIN_LENGTH} characters or more, chosen at random"
        if not remedy:
            return []
        if file is None:
            return [Fault(name, "(hidden)", remedy)]
        return [Fault(f"{name}_file", str(file), remedy)]

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


class CollectorOptions(TypedDict, total=False):
    """The settings as keyword arguments, without `database` and `port`.

    Written by hand, since type checkers read it; a test compares it with `CollectorSettings`.
    """

    host: str
    allowed_hosts: Collection[str]
    root_path: str
    token: str | None
    token_file: str | Path | None
    ingest_token: str | None
    ingest_token_file: str | Path | None
    keep_events: int
    keep_days: int | None
    max_bytes: int | None
    synchronous: Synchronous
    domains: Collection[str]
    share: Collection[str]
    timezone: str
    mmdb: str | Path | None
    forward: Sequence[Destination]
    forward_outbox: str | Path | None
    chaos: Chaos | None
    max_connections: int


SETTINGS: Final[Mapping[str, Setting]] = {
    each.name: Setting(
        name=each.name,
        **{**each.metadata, "option": each.metadata["option"] or each.name.replace("_", "-")},
    )
    for each in fields(CollectorSettings)
    if each.init
}
"""All settings, by the names of their fields."""


# -- reading them ------------------------------------------------------------------------------

# A token in one source is not contradicted by its file in another.
_ALTERNATIVES: Final = {
    "token": "token_file",
    "token_file": "token",
    "ingest_token": "ingest_token_file",
    "ingest_token_file": "ingest_token",
}


def _given(
    environ: Mapping[str, str], options: Mapping[str, str | Sequence[str] | bool]
) -> tuple[dict[str, str | Sequence[str] | bool], dict[str, str]]:
    """The texts of all settings that are given, and how each was written."""
    by_variable = {each.variable: each for each in SETTINGS.values()}
    texts: dict[str, str | Sequence[str] | bool] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or not text.strip() or _is_kubernetes(variable, text):
            continue
        if found := by_variable.get(variable):
            texts[found.name] = found.split(text) if found.split else text.strip()
        else:
            _warn_unknown(variable)
    spellings = {name: SETTINGS[name].variable for name in texts}
    for name, given in options.items():
        if (other := _ALTERNATIVES.get(name)) and other not in options:
            texts.pop(other, None)
        texts[name] = given
        spellings[name] = SETTINGS[name].flag
    return texts, spellings


def _parsed(declared: Setting, given: str | Sequence[str] | bool) -> object:
    if isinstance(given, bool):
        return given
    if isinstance(given, str):
        return declared.parse(given)
    return tuple(declared.parse(each) for each in given)


def _respelled(error: ConfigError, spellings: Mapping[str, str]) -> ConfigError:
    return ConfigError(
        [each._replace(option=spellings.get(each.option, each.option)) for each in error.faults]
    )


def _is_kubernetes(variable: str, text: str) -> bool:
    """Whether Kubernetes sets it in every pod beside a service named footfall-collector."""
    name = variable.removeprefix(PREFIX)
    return name.startswith(("SERVICE_", "PORT_")) or (name == "PORT" and "://" in text)


def _warn_unknown(variable: str) -> None:
    options = {each.variable.removeprefix(PREFIX): each.variable for each in SETTINGS.values()}
    # Without the prefix, which would make every name near to every other.
    near = difflib.get_close_matches(variable.removeprefix(PREFIX), options, n=1)
    hint = f"did you mean {options[near[0]]}?" if near else f"there is: {', '.join(options)}"
    logger.warning("footfall: %s is no setting of the collector; %s", variable, hint)
