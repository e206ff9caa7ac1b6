"""Any endpoint: a function of the site owner's makes the JSON of an event."""

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
"""What a body function returns: a mapping to encode as JSON, or the body itself."""


@dataclass(frozen=True)
class Webhook:
    """An HTTP endpoint of yours that takes one event with each POST.

        Webhook("https://example.com/events", body=lambda event: {"page": event.url})

    The delivery thread calls the function once for each try. An event for which it raises is
    counted as rejected. Any 2xx response accepts the event. For a vendor with limits, drops and
    responses of its own write a class; see `umami.py` for one.

    Args:
        url: Where events are posted. It is used as it is, with its query.
        body: Called with the event; its result is sent as JSON, or as it is if it is text.
        headers: Sent with each event, for instance a key. No repr, no log line and no explanation
            shows them.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    url: str
    _: KW_ONLY
    body: Callable[[Event], Body]
    # Nearly every endpoint reads JSON; a header of the same name here replaces the content type.
    headers: Headers = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        _validation.validate_options(
            self, url=_validation.full_url, body=_callable, headers=_headers
        )

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
        """A sentence for each setting that is valid but probably a mistake."""
        # Without the path, which may be a secret.
        parts = urlsplit(self.url)
        return tuple(_validation.web_scheme_warnings(f"{parts.scheme}://{parts.netloc}"))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of a request: your headers may hold a key."""
        return tuple(filter(None, self.headers.values()))

    def request(self, event: Event) -> Request:
        """The POST for one event. Raises what `body` raises."""
        body = self.body(event)
        if isinstance(body, str):
            body = body.encode("utf-8", "replace")
        elif not isinstance(body, bytes):
            body = _wire_format.json_of(body).encode()
        return Request(url=self.url, headers=_JSON | dict(self.headers), body=body)

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        if _response_status.is_accepted(response):
            return ACCEPTED
        return _response_status.refusal(response)


# The user agent is explicit, or a transport of the app's own might send another.
_JSON = {"content-type": "application/json", "user-agent": "footfall"}


def _callable(option: str, value: object) -> object:
    if callable(value):
        return value
    raise ConfigError(Fault(option, value, "give a function of the event"))


def _headers(option: str, value: object) -> Headers:
    if not isinstance(value, Mapping):
        raise ConfigError(Fault(option, "(hidden)", 'write {"X-Key": "..."}'))
    sent = {str(name).lower(): str(text) for name, text in value.items()}
    wrong = [name for name, text in sent.items() if not _is_header(name, text)]
    if wrong:
        raise ConfigError(
            [Fault(option, name, "is not a header that can be sent") for name in wrong]
        )
    return MappingProxyType(sent)


def _is_header(name: str, text: str) -> bool:
    is_name = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return is_name and _wire_format.header_value(text, len(text)) == text
