"""Any endpoint: an event as the JSON that a function of the owner's makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import urlsplit

from footfall.destinations import _response_status, _validation, _wire_format
from footfall.errors import ConfigError, Fault
from footfall.model import ACCEPTED, Event, Headers, Outcome, Request, Response

Body: TypeAlias = Mapping[str, object] | bytes | str
"""What a body function returns: something for JSON, or the very bytes."""


@dataclass(frozen=True)
class Webhook:
    """An HTTP endpoint of yours that takes one event a POST.

        Webhook("https://example.com/events", body=lambda event: {"page": event.url})

    The function runs on the delivery side, once for each try. An event that it fails on is counted
    as rejected. Any 2xx is a yes. A vendor with limits, drops and answers of its own deserves a
    class; see `umami.py` for one.

    Args:
        url: Where events are posted, whole.
        body: A function of the event; what it returns is sent as JSON.
        headers: Sent with each event, for instance a key. Shown nowhere.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    url: str
    _: KW_ONLY
    body: Callable[[Event], Body]
    # JSON is what nearly every endpoint reads; a header of the same name here wins.
    headers: Headers = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        _validation.settle(self, url=_validation.whole_url, body=_function, headers=_headers)

    @property
    def name(self) -> str:
        """`webhook:example.com/events`."""
        parts = urlsplit(self.url)
        return f"webhook:{parts.netloc}{parts.path}"

    @property
    def endpoint(self) -> str:
        """The URL events are posted to."""
        return self.url

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return tuple(_validation.open_line_warnings(self.url))

    def request(self, event: Event) -> Request:
        """The POST for one event."""
        made = self.body(event)
        if isinstance(made, str):
            made = made.encode("utf-8", "replace")
        body = made if isinstance(made, bytes) else _wire_format.json_body(made)
        return Request(url=self.url, headers=_JSON | dict(self.headers), body=body)

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        return (
            ACCEPTED
            if _response_status.is_accepted(response)
            else _response_status.refusal(response)
        )


# Explicit, or the transport's own name would go out.
_JSON = {"content-type": "application/json", "user-agent": "footfall"}


def _function(option: str, value: object) -> object:
    if callable(value):
        return value
    raise ConfigError(Fault(option, value, "give a function of the event"))


def _headers(option: str, value: object) -> Headers:
    if not isinstance(value, Mapping):
        raise ConfigError(Fault(option, "(hidden)", 'write {"X-Key": "..."}'))
    sent = {str(name).lower(): str(text) for name, text in value.items()}
    wrong = [name for name, text in sent.items() if not _is_header(name, text)]
    if wrong:
        raise ConfigError([Fault(option, name, "is no header that can be sent") for name in wrong])
    return MappingProxyType(sent)


def _is_header(name: str, text: str) -> bool:
    is_name = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return is_name and _wire_format.header(text, len(text)) == text
