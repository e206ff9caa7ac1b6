"""Plausible: one event as one POST to `/api/event`.

Written against the server's source as of 2026-08 where that and its documentation differ. The
server answers `202 ok` to every well-formed event, whether it keeps the event or not; only the
header `x-plausible-dropped` shows a drop. It refuses a whole event for one oversize field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar
from urllib.parse import urlsplit

from footfall.client_ip.addresses import parse
from footfall.common import float_text
from footfall.destinations import _drop_causes, _response_status, _validation, _wire_format
from footfall.destinations import _plausible_options as _options
from footfall.events.details import valid_details
from footfall.model import ACCEPTED, Event, Outcome, OutcomeKind, Request, Response, Revenue
from footfall.rules.url import fit

CLOUD_ENDPOINT = "https://plausible.io/api/event"

MAX_URL_BYTES = 2000
MAX_REFERRER_CHARS = 2000
MAX_PROPS = 30
MAX_PROP_KEY_BYTES = 300
MAX_PROP_VALUE_BYTES = 2000
# Longer than a code, so that trimming never makes another currency: USDT is not USD.
MAX_CURRENCY_CHARS = 16

# The log key of a drop by some of an event's sites, while others kept it.
_PARTIAL_DROP = "in part"
_ADDRESS_LIKE = re.compile(r"[0-9A-Fa-f:.]{3,45}")
_DROPPED = re.compile(r"\s*(\d{1,9})", re.ASCII)

_IP_HEADER_WARNING = (
    "Plausible Cloud finds visitors by X-Forwarded-For and drops events of servers: "
    "leave it among ip_headers."
)
_OTHER_CAUSES = (
    "a shield of the site (addresses, countries, pages, hosts), its rate limit, or a plan that has "
    "lapsed; see the site's settings"
)

# These requests are valid, so a refusal means another kind of server or a proxy on the way.
_REMEDIES = {
    "event_name": "name the event in 1 to 120 characters; see before_send",
    "url": "give the page an absolute URL of up to 2000 bytes; see base_url and before_send",
    "pathname": "give the page an absolute URL; see base_url and before_send",
    "domain": "write the site's name as domain",
    "props": "give scalars, with names of up to 300 bytes; see before_send",
    "hash_mode": "a proxy on the way changes the body; check what is in front of endpoint",
    "request": "a proxy on the way changes the body; check what is in front of endpoint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plausible:
    """Plausible Cloud, or a Plausible server of your own.

    Args:
        domain: The site as it is named in Plausible, without `https://`. A comma-separated list
            counts every event for each of its sites.
        endpoint: Where events are posted. The base of an installation is enough
            (`https://stats.example.com`): `/api/event` is added unless the URL ends in `/event`.
        ip_headers: The headers that carry the client IP. Write `("X-Forwarded-For",
            "X-Plausible-IP")` for a server of your own behind Cloudflare, Bunny or Caddy: these
            put the app server's address into the first, and Plausible prefers the second.
        domains_by_host: Sites for the events of certain hosts, for apps that serve several:
            `{"shop.example.com": "shop.example.com"}`. All other hosts' events go to `domain`. One
            leading `www.` does not matter.
        script_version: The version of the browser's script to report, for Plausible's statistics.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    domain: str
    endpoint: str = CLOUD_ENDPOINT
    # The one header that Plausible Cloud trusts and that stays correct where a proxy appends to it.
    ip_headers: tuple[str, ...] = ("X-Forwarded-For",)
    # One app is one site, unless its owner configures more.
    domains_by_host: Mapping[str, str] = field(default_factory=dict, hash=False)
    # There is no script, so there is no version.
    script_version: int | None = None

    # Servers before 3.0 count an engagement as a custom event; none is sent without the option.
    engagement: ClassVar[bool] = True
    _ip_header_names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validation.validate_options(
            self,
            domain=_options.domains,
            endpoint=_validation.endpoint_at("/api/event"),
            ip_headers=_options.ip_headers,
            domains_by_host=_options.domains_by_host,
            script_version=_options.script_version,
        )
        # As they are sent; each request would spell them anew.
        object.__setattr__(self, "_ip_header_names", tuple(map(str.lower, self.ip_headers)))

    @property
    def name(self) -> str:
        """`plausible:example.com`; with the host behind an `@` where it is not Plausible Cloud."""
        host = "" if self.endpoint == CLOUD_ENDPOINT else f"@{urlsplit(self.endpoint).netloc}"
        return f"plausible:{self.domain}{host}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each setting that is valid but probably a mistake."""
        lacks_header = self._is_cloud and "X-Forwarded-For" not in self.ip_headers
        own = (_IP_HEADER_WARNING,) if lacks_header else ()
        return (*_validation.web_scheme_warnings(self.endpoint), *own)

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server.

        Args:
            event: Its name has passed `check_event_name`, its URL is absolute, and it has a client
                IP: without one, Plausible would take the app's server for the visitor.
        """
        trimmed = _wire_format.TrimmedFields()
        return Request(
            url=self.endpoint,
            headers=_wire_format.visitor_headers(event.visitor, self._ip_header_names),
            body=self._body(event, trimmed),
            trimmed=trimmed.names,
        )

    def debug_request(self, event: Event) -> Request:
        """The POST that asks which address Plausible takes for the visitor's; see `seen_address`.

        Plausible Cloud and the collector answer it and count nothing. A server of your own does
        not know the question, and records the event as any other.
        """
        request = self.request(event)
        return replace(request, headers={**request.headers, "x-debug-request": "true"})

    def seen_address(self, response: Response) -> str | None:
        """The IP address in the response to a `debug_request`; None where there is none."""
        if response.status != 200:
            return None
        words = _ADDRESS_LIKE.findall(response.body.decode("ascii", "replace"))
        address = next(filter(None, map(parse, words)), None)
        return None if address is None else address.text

    def read(self, response: Response) -> Outcome:
        """The outcome that a response means. Never raises, whatever the response holds."""
        if not _response_status.is_accepted(response):
            return _refusal(response)
        dropped = _dropped(response)
        if not dropped:
            return ACCEPTED
        sites = 1 if self.domains_by_host else self.domain.count(",") + 1
        is_partial = dropped < sites
        share = f" for {dropped} of {sites} sites" if is_partial else ""
        return Outcome(
            kind=OutcomeKind.DROPPED,
            detail=f"it threw an event away{share}",
            log_key=_PARTIAL_DROP if is_partial else "dropped",
        )

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause and the remedy.

        `has_kept` says whether the vendor has kept any event so far.
        """
        cause = self._drop_cause(
            event, has_kept=has_kept, is_partial=outcome.log_key == _PARTIAL_DROP
        )
        return replace(
            outcome, detail=f"{outcome.detail}. Most likely {cause.text}.", log_key=cause.kind
        )

    def _body(self, event: Event, trimmed: _wire_format.TrimmedFields) -> bytes:
        # The long keys: some server versions ignore a false under the short key of `interactive`.
        text = _wire_format.json_text
        name = _wire_format.event_name(event.name, _wire_format.MAX_NAME_CHARS, trimmed)
        url, domain = _trim_url(event.url, trimmed), self._domain_of(event.url)
        body = f'{{"name":{text(name)},"url":{text(url)},"domain":{text(domain)}'
        if self.script_version is not None:
            body += f',"v":{_wire_format.json_of(self.script_version)}'
        if event.referrer:
            short = _wire_format.trim_text(event.referrer, MAX_REFERRER_CHARS)
            body += (
                f',"referrer":{text(trimmed.note_if_shorter("referrer", event.referrer, short))}'
            )
        if event.props and (props := _props(event.props, trimmed)):
            body += f',"props":{_wire_format.json_of(props)}'
        if event.revenue:
            if revenue := _revenue(event.revenue):
                body += f',"revenue":{_wire_format.json_of(revenue)}'
            else:
                trimmed.note("revenue")
        if event.engagement is not None:
            milliseconds, depth = event.engagement
            body += f',"sd":{_wire_format.json_of(depth)},"e":{_wire_format.json_of(milliseconds)}'
        if event.screen_width is not None:
            # Documented; today's server takes the kind of device from the user agent.
            for key, width in valid_details({"screen_width": event.screen_width}).items():
                body += f',"{key}":{_wire_format.json_of(width)}'
        if not event.interactive:
            body += ',"interactive":false'
        return f"{body}}}".encode()

    def _domain_of(self, url: str) -> str:
        if not self.domains_by_host:
            return self.domain
        return self.domains_by_host.get(_options.stored_name(_validation.host_of(url)), self.domain)

    def _drop_cause(self, event: Event, *, has_kept: bool, is_partial: bool) -> _drop_causes.Cause:
        site = self._domain_of(event.url)
        if is_partial:
            # Another site kept the same visitor, browser and page.
            return _drop_causes.unknown_site_cause(site)
        # Only the cloud drops events from the addresses of data centres.
        return (
            (_drop_causes.address_cause(event) if self._is_cloud else None)
            or _drop_causes.bot_cause(event)
            or (None if has_kept else _drop_causes.unknown_site_cause(site))
            or _drop_causes.referrer_cause(event)
            or _drop_causes.Cause("other", _OTHER_CAUSES)
        )

    @property
    def _is_cloud(self) -> bool:
        return _validation.host_of(self.endpoint) == "plausible.io"


def _refusal(response: Response) -> Outcome:
    errors = _response_status.json_object(response.body).get("errors")
    if response.status != 400 or not isinstance(errors, dict):
        return _response_status.refusal(response)
    fields = [field for field in _REMEDIES if field in errors]
    if not fields:
        return _response_status.refusal(response)
    return _response_status.refusal_with_remedies(response, _REMEDIES, fields=fields)


def _dropped(response: Response) -> int:
    """For how many sites the server dropped the event."""
    match = _DROPPED.match(response.headers.get("x-plausible-dropped", ""))
    return int(match[1]) if match else 0


def _trim_url(url: str, trimmed: _wire_format.TrimmedFields) -> str:
    # The server refuses a URL that is too long. The path matters more than the query.
    whole = _wire_format.trim_text(url.strip(), len(url))
    size = len(whole) if whole.isascii() else len(whole.encode())
    if size <= MAX_URL_BYTES:
        return whole
    trimmed.note("url")
    address = re.split(r"[?#]", whole, maxsplit=1)[0]
    # The campaign matters more than the rest of a query; `fit` finds it in an ASCII URL.
    short = fit(whole.partition("#")[0], MAX_URL_BYTES) if whole.isascii() else address
    return _wire_format.trim_utf8(short, MAX_URL_BYTES)


def _props(props: Mapping[str, object], trimmed: _wire_format.TrimmedFields) -> Mapping[str, str]:
    # Of more than 30 the server keeps any 30. Sending the first 30 keeps a chart stable.
    sent: dict[str, str] = {}
    for key, value in _wire_format.prop_texts(props, float_text.elixir):
        if len(sent) == MAX_PROPS:
            trimmed.note("props")
            break
        short_key = _wire_format.trim_utf8(key, MAX_PROP_KEY_BYTES)
        short_value = _wire_format.trim_utf8(value, MAX_PROP_VALUE_BYTES)
        trimmed.note_if_shorter("props", key + value, short_key + short_value)
        sent.setdefault(short_key, short_value)
    return sent


def _revenue(revenue: Revenue | None) -> Mapping[str, str] | None:
    if revenue is None or not revenue.amount.is_finite():
        return None
    # As text: a JSON number would be read as a float, and 19.90 is not one.
    return {
        "currency": _wire_format.trim_text(revenue.currency, MAX_CURRENCY_CHARS),
        "amount": _wire_format.decimal_text(revenue.amount),
    }
