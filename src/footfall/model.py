"""The nouns that walk through the house, from a request to the vendor's answer.

A hit becomes a decision, a decision an event, an event one request for each destination, and the
answer to that request an outcome. All of them are frozen values: to change one, make another with
`dataclasses.replace`. Nothing in this room does I/O, reads a clock or knows a framework.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, final

Headers: TypeAlias = Mapping[str, str]
"""Header values by lower-case name; repeated lines are joined with a comma, as WSGI servers do."""

Scalar: TypeAlias = str | int | float | bool | Decimal
"""What a custom property may hold. Vendors store the text of it."""

NO_PROPS: Mapping[str, Any] = MappingProxyType({})

PAGEVIEW = "pageview"
"""The event name that vendors treat as a page looked at; all others are custom events."""

HEARTBEAT = "heartbeat\0"
"""The event that counts nothing and keeps a visit alive. No app can give an event such a name."""


_T = TypeVar("_T")


def _quick(cls: type[_T]) -> type[_T]:
    """`cls`, a final dataclass that is frozen and has slots, with a constructor four times as fast.

    The one that dataclasses write goes round the freeze for each field by itself. This one takes
    the freeze off once, by wearing the class of a twin that has the same slots and nothing else.
    """
    slots = tuple(each.name for each in fields(cls))  # type: ignore[arg-type]  # it is a dataclass
    twin = type(cls.__name__, (), {"__slots__": slots})
    room: dict[str, Any] = {"cls": cls, "twin": twin, "wear": object.__setattr__, "absent": MISSING}
    parameters, assignments = [], []
    for each in fields(cls):  # type: ignore[arg-type]
        name = value = each.name
        if each.default_factory is not MISSING:
            room[f"new_{name}"] = each.default_factory
            parameters.append(f"{name}=absent")
            value = f"new_{name}() if {name} is absent else {name}"
        elif each.default is not MISSING:
            room[f"default_{name}"] = each.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        assignments.append(f"self.{name} = {value}")
    lines = ["wear(self, '__class__', twin)", *assignments, "self.__class__ = cls"]
    source = f"def __init__(self, *, {', '.join(parameters)}):\n " + "\n ".join(lines)
    exec(source, room)  # noqa: S102 -- as dataclasses do; of names of ours
    made = room["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]  # has the same parameters
    return cls


@final
@_quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The facts of one HTTP exchange, before judgement.

    Everything a client sent is untrusted text: decoded so that decoding cannot fail, otherwise
    as it came. A field that was absent is empty, never missing.
    """

    method: str = "GET"
    # As the app's own server saw it; what the visitor typed is found in `url`, with proxy headers.
    scheme: str = "http"
    # The Host header, port included; the server's own name where a client sent none.
    host: str = ""
    # Percent-decoded, with the mount point (SCRIPT_NAME, root_path) in front; starts with "/".
    path: str = "/"
    # As sent, without the question mark, undecoded.
    query: str = ""
    headers: Headers = field(default_factory=dict)
    # The other end of the socket: an address, a server's word for a unix socket, or None.
    peer: str | None = None
    status: int = 200
    response_headers: Headers = field(default_factory=dict)
    # Seconds since the epoch, at the start of the response.
    time: float = 0.0
    # The framework's template of the path (`/users/{id}`), where a door knows it.
    route: str | None = None
    # What the app said about this request through `set_props()` and `ignore()`.
    props: Mapping[str, Any] = field(default_factory=dict)
    ignored: bool = False
    # The path to show instead, where the app gave the page another name.
    shown_path: str | None = None
    # What the app's mark said beyond that, unchecked.
    details: Mapping[str, Any] = field(default_factory=dict)


class Step(NamedTuple):
    """One rule on the way to a decision: its name, what it looked at, and whether it let pass."""

    rule: str
    saw: str
    verdict: Literal["pass", "stop", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a hit is, and why.

    `kind` is `"pageview"`, `"event"` (then `name` says which) or `"skip"`. `reason` is one stable
    word that counters, logs and tests may rely on; `steps` tells the way there.
    """

    kind: Literal["pageview", "event", "skip"]
    reason: str
    steps: tuple[Step, ...] = ()
    name: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_counted(self) -> bool:
        return self.kind != "skip"


@final
@_quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is behind an event, as far as vendors need to know: an address and a browser.

    Both vendors build their daily visitor id from these two strings, byte for byte, so every event
    of a visitor must carry them unchanged. Never stored, never logged; the repr hides the address.
    """

    # One canonical address, without port or zone; None when nobody can know it.
    client_ip: str | None = None
    # As the browser sent it; empty when it sent none.
    user_agent: str = ""
    # The browser's Accept-Language as sent.
    language: str = ""
    # Further request headers that a vendor may want to see as the visitor sent them.
    headers: Headers = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str | None, str]:
        """What makes two events one visitor's: vendors look at nothing else."""
        return self.client_ip, self.user_agent

    def __repr__(self) -> str:
        known = "hidden" if self.client_ip else "unknown"
        return f"Visitor(client_ip=<{known}>, user_agent={self.user_agent[:40]!r})"


class Revenue(NamedTuple):
    """Money of an event: an ISO 4217 code and the exact amount."""

    currency: str
    amount: Decimal


@final
@_quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What we tell a destination. A pageview is an event named `pageview`."""

    name: str = PAGEVIEW
    # Absolute, public and scrubbed: the page's URL as it may leave this machine.
    url: str
    # Another site that led here, scrubbed; None when there was none or it was this site.
    referrer: str | None = None
    # The path of this site's page that led here; None when the visitor came from elsewhere.
    previous: str | None = None
    visitor: Visitor
    props: Mapping[str, Scalar] = field(default_factory=dict)
    revenue: Revenue | None = None
    # False keeps an event from ending a bounce. Pageviews always count as interactive.
    interactive: bool = True
    # What only an app or a client hint can tell; see `footfall.events.details`. The width is
    # the window's, in pixels; the zone an IANA name; the id the app's own for a signed-in user.
    screen_width: int | None = None
    time_zone: str = ""
    profile_id: str = ""
    # How long the phases of loading took, in milliseconds: all eight or none.
    perf: Mapping[str, float] = field(default_factory=dict)
    # Seconds since the epoch. No vendor takes a time, so an event that grows old is dropped.
    time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST to a vendor, ready to send. The repr hides what holds an address."""

    url: str
    headers: Headers
    body: bytes
    # The fields of the event that were cut or left out to stay within the vendor's limits.
    trimmed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Request(url={self.url!r}, headers=<{len(self.headers)}>, body=<{len(self.body)} B>)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The vendor's answer: status, headers by lower-case name, and the first bytes of the body."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""


class OutcomeKind(enum.StrEnum):
    """What became of an event that was handed to a transport."""

    ACCEPTED = "accepted"
    # Accepted by HTTP and thrown away by the vendor: bots, data centres, unknown sites.
    DROPPED = "dropped_by_vendor"
    # Our fault or the owner's. Sending it again would change nothing.
    REJECTED = "rejected"
    # Surely not processed; sending it again is safe.
    RETRY = "retry"
    # Perhaps processed: never sent again, since neither vendor can recognise a duplicate.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request, with a sentence for the log that says what it means.

    `retry_after` is the vendor's wish in seconds. `pause` says that every further event would
    end the same way (wrong key, unpaid account, redirect), so the destination should rest.
    `rest` says that it asks for fewer requests, `max_tries` that this event deserves no more tries
    in all, and `timed_out` that nothing came back in time.
    Outcomes of one `log_key` are logged once and not again; one that `is_expected` is not logged.
    """

    kind: OutcomeKind
    detail: str = ""
    retry_after: float | None = None
    pause: bool = False
    rest: bool = False
    max_tries: int | None = None
    timed_out: bool = False
    log_key: str = ""
    is_expected: bool = False


ACCEPTED = Outcome(kind=OutcomeKind.ACCEPTED)
