"""A stream in Redis or Valkey, from which `footfall relay` delivers.

    redis://queue.internal:6379/0?stream=example

The rest of the line is what redis-py reads: `rediss://`, user and password, `db`, its own options
in the query. redis-py has no URL for several servers; the forms of these are our own:

    redis+sentinel://sentinel-1:26379,sentinel-2:26379/mymaster/0?stream=example
    redis+cluster://node-1:6379,node-2:6379?stream=example

Events go there in packs, as `footfall.events.pack` describes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from footfall.common.loopback import is_loopback
from footfall.destinations import _option_text, _validation
from footfall.destinations._wire_format import LONGEST_NAME_CHARS
from footfall.errors import ConfigError, Fault, hide_credentials
from footfall.events.json import to_json
from footfall.events.pack import MAX_EVENTS, MAX_LINES
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from footfall.model import Event, Response

SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)
"""The schemes of a line that is a stream's."""
EXAMPLE = "redis://localhost:6379/0?stream=example"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MAX_AGE_SECONDS = 86_400
_SEVERAL = r"(?:[^/?#@,\s]*@)?[^/?#@\s]+"
_URL = re.compile(
    r"rediss?://[!-~]+|unix://[!-~]*/[!-~]+"
    rf"|rediss?\+cluster://{_SEVERAL}(?:/0?)?(?:\?[!-~]*)?"
    rf"|rediss?\+sentinel://{_SEVERAL}/[\w.-]+(?:/[0-9]*)?(?:\?[!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_LINES = {"content-type": "application/x-ndjson"}


@dataclass(frozen=True, kw_only=True)
class RedisStream:
    """A stream that many processes share; `footfall relay` takes events from it and delivers them.

    Args:
        url: Of the server, as redis-py reads it: `redis://`, `rediss://` or `unix://`; with
            `+sentinel` or `+cluster` in the scheme, of several.
        stream: The name of the queue. Apps and relays with the same name share it.
        max_age_seconds: An event that has waited longer is not delivered. What is twice as old is
            gone from the server, even where no relay runs.
        max_entries: The oldest of more entries are dropped. An entry has up to 100 events.
        heartbeats: Whether the relay delivers to a destination that wants heartbeats.
        engagement: Whether the relay delivers to a destination that takes engagement.
        keys: Where the events are to be encrypted, `ID:KEY`, with 32 random bytes in base64 as KEY.
            Behind a comma there may be former ones, with which they are only decrypted.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    url: str = field(repr=False)
    stream: str
    # As long as in an outbox: a vendor stamps an event when it arrives.
    max_age_seconds: float = 300.0
    # At fifty events in each, and 80 bytes for an event, 400 MB.
    max_entries: int = 100_000
    heartbeats: bool = False
    engagement: bool = False
    keys: str = field(default="", repr=False)
    endpoint: str = field(init=False, repr=False, compare=False)
    """The server, without user, password and options."""
    max_batch: ClassVar[int] = MAX_EVENTS
    max_batch_bytes: ClassVar[int] = MAX_LINES
    # What takes the events out again cuts names for its destinations.
    max_name_chars: ClassVar[int] = LONGEST_NAME_CHARS

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            url=_url,
            stream=_stream,
            max_age_seconds=_seconds,
            max_entries=_entries,
            heartbeats=_validation.boolean,
            engagement=_validation.boolean,
            keys=_validation.encryption_keys,
        )
        parts = urlsplit(self.url)
        # Once, for it is read with every event.
        endpoint = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        object.__setattr__(self, "endpoint", endpoint)

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The stream that a line describes.

        Raises:
            ConfigError: lists every fault.
        """
        url, _, query = line.partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        own = {name: given.pop(name) for name in _OPTIONS if name in given}
        if "stream" not in own:
            shown = hide_credentials(line)
            raise ConfigError(Fault("destinations", shown, f"name the stream, as in {EXAMPLE}"))
        values = {name: _OPTIONS[name](text) for name, text in own.items()}
        return cls(url=f"{url}?{urlencode(given)}" if given else url, **values)

    @property
    def name(self) -> str:
        """`redis:<stream>@<host>`."""
        parts = urlsplit(self.endpoint)
        return f"redis:{self.stream}@{parts.netloc or parts.path}"

    @property
    def queue(self) -> Self:
        """Itself: events of a destination with this member are put there and not posted."""
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        parts = urlsplit(self.url)
        hosts = (urlsplit(f"//{each}").hostname or "" for each in parts.netloc.split(","))
        if parts.scheme.partition("+")[0] == "redis" and not all(map(is_loopback, hosts)):
            return (
                f"{self.endpoint} is no rediss://: visitors' IP addresses travel unencrypted. "
                "Use it on a network of your own only.",
            )
        return ()

    def request(self, event: Event) -> Request:
        """The line of one event."""
        return Request(url=self.endpoint, headers=_LINES, body=to_json(event).encode("ascii"))

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The lines of several events."""
        body = b"\n".join([request.body for request in requests])
        return Request(url=self.endpoint, headers=_LINES, body=body)

    def read(self, response: Response) -> Outcome:
        """What the server's response means; the transport puts its error into the body."""
        if response.status == 200:
            return ACCEPTED
        text = response.body.decode(errors="replace")[:200]
        detail = "".join(each if each.isprintable() else " " for each in text)
        if response.status not in (401, 503):
            return Outcome(kind=OutcomeKind.REJECTED, detail=f"status {response.status}: {detail}")
        # The server has refused all of it. What is wrong with the client or the key stays so.
        is_owners = response.status == 401 or detail.startswith("WRONGTYPE")
        return Outcome(kind=OutcomeKind.RETRY, detail=f"refused: {detail}", pause=is_owners)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome]:
        """The same outcome for each event: an entry is taken as a whole."""
        return [self.read(response)] * number


# -- the options -------------------------------------------------------------------------------


def _number(text: str) -> object:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "stream": str,
    "max_age_seconds": _number,
    "max_entries": _number,
    "heartbeats": _option_text.boolean,
    "engagement": _option_text.boolean,
    "keys": str,
}


def _url(option: str, value: object) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value.strip()):
        shown = hide_credentials(str(value))
        remedy = (
            "write a URL like redis://localhost:6379/0, redis+cluster://HOST:6379,HOST:6379 or "
            "redis+sentinel://HOST:26379,HOST:26379/SERVICE/0"
        )
        raise ConfigError(Fault(option, shown, remedy))
    return value.strip()


def _stream(option: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigError(Fault(option, value, "write letters, digits, dots, dashes, underscores"))
    return value


def _seconds(option: str, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 1 <= cast("float", value) <= _MAX_AGE_SECONDS:
        raise ConfigError(Fault(option, value, f"write seconds, from 1 to {_MAX_AGE_SECONDS}"))
    return float(cast("float", value))


def _entries(option: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(Fault(option, value, "write a whole number of 1 or more"))
    return value
