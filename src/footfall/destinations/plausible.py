"""Plausible: one event as one POST to `/api/event`, and what its 202 really means.

Written against the server's source as of 2026-08 where that and its documentation differ. The
server answers `202 ok` to everything well-formed, whether it keeps the event or not; only the
header `x-plausible-dropped` tells. It refuses an event whole for one oversize field, hence the
limits below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from footfall.client_ip.addresses import parse
from footfall.destinations import (
    _drop_causes,
    _floats,
    _response_status,
    _validation,
    _wire_format,
)
from footfall.destinations import _plausible_options as _options
from footfall.events.details import usable
from footfall.model import (
    ACCEPTED,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
    Visitor,
)
from footfall.rules.url import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOUD_ENDPOINT = "https://plausible.io/api/event"

MAX_URL_BYTES = 2000
MAX_REFERRER_CHARS = 2000
MAX_PROPS = 30
MAX_PROP_KEY_BYTES = 300
MAX_PROP_VALUE_BYTES = 2000
# Longer than a code, so that cutting never makes another currency: USDT is not USD.
MAX_CURRENCY_CHARS = 16

# The kind of a drop that another site of the same event was spared.
_IN_PART = "in part"
_ADDRESS_LIKE = re.compile(r"[0-9A-Fa-f:.]{3,45}")
_DROPPED = re.compile(r"\s*(\d{1,9})", re.ASCII)

_OTHER_CAUSES = (
    "a shield of the site (addresses, countries, pages, hosts), its rate limit, or a plan that has "
    "lapsed; see the site's settings"
)

# What this room sends is valid, so a refusal means another server, or something on the way.
_REMEDIES = {
    "event_name": "name the event in 1 to 120 characters; see before_send",
    "url": "give the page an absolute URL of up to 2000 bytes; see base_url and before_send",
    "pathname": "give the page an absolute URL; see base_url and before_send",
    "domain": "write the site's name as domain",
    "props": "give scalars, with names of up to 300 bytes; see before_send",
    "hash_mode": "something on the way writes into the body; look at what stands before endpoint",
    "request": "something on the way writes into the body; look at what stands before endpoint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plausible:
    """Plausible Cloud, or a Plausible server of your own.

    Args:
        domain: The site as it is named in Plausible, without `https://`. A comma-separated list
            counts every event for each of its sites.
        endpoint: Where events are posted. The base of an installation will do
            (`https://stats.example.com`): `/api/event` is added unless the URL ends in `/event`.
        ip_headers: The headers that carry the client IP. Write `("X-Forwarded-For",
            "X-Plausible-IP")` for a server of your own behind Cloudflare, Bunny or Caddy: these
            put our server's address into the first, and the second outranks what they set.
        domains_by_host: Sites for the events of certain hosts, for apps that serve several:
            `{"shop.example.com": "shop.example.com"}`. All other hosts' events are `domain`'s. One
            leading `www.` does not matter.
        script_version: The version to report as that of the browser's script, a number. Plausible
            keeps it for its own statistics only.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    domain: str
    endpoint: str = CLOUD_ENDPOINT
    # The one header that Plausible Cloud believes and that survives a proxy which appends.
    ip_headers: tuple[str, ...] = ("X-Forwarded-For",)
    # One app is one site, unless its owner says otherwise.
    domains_by_host: Mapping[str, str] = field(default_factory=dict, hash=False)
    # There is no script, so there is no version.
    script_version: int | None = None

    def __post_init__(self) -> None:
        _validation.settle(
            self,
            domain=_options.domains,
            endpoint=_validation.endpoint_at("/api/event"),
            ip_headers=_options.ip_headers,
            domains_by_host=_options.domains_by_host,
            script_version=_options.version,
        )

    @property
    def name(self) -> str:
        """`plausible:example.com`; with the host behind an `@` where it is not Plausible Cloud."""
        host = "" if self.endpoint == CLOUD_ENDPOINT else f"@{urlsplit(self.endpoint).netloc}"
        return f"plausible:{self.domain}{host}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return (*_validation.open_line_warnings(self.endpoint), *self._ip_header_warnings())

    def request(self, event: Event) -> Request:
        """The POST for one event, within every limit of the server.

        Its name has passed `check_event_name` and its URL is absolute. Without a client IP no
        address is sent, and Plausible would take our server for the visitor: do not send it.
        """
        cuts = _wire_format.Cuts()
        return Request(
            url=self.endpoint,
            headers=self._headers(event.visitor),
            body=_wire_format.json_body(self._body(event, cuts)),
            trimmed=cuts.fields,
        )

    def debug_request(self, event: Event) -> Request:
        """The POST that asks which address Plausible takes for the visitor's; see `seen_address`.

        Plausible Cloud and the collector answer it and count nothing. A server of your own does
        not know the question, and records the event as any other.
        """
        request = self.request(event)
        return replace(request, headers={**request.headers, "x-debug-request": "true"})

    def seen_address(self, response: Response) -> str | None:
        """The address in the answer to a `debug_request`; None where it was not understood."""
        if response.status != 200:
            return None
        words = _ADDRESS_LIKE.findall(response.body.decode("ascii", "replace"))
        found = next(filter(None, map(parse, words)), None)
        return None if found is None else str(found)

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        if not _response_status.is_accepted(response):
            return _refusal(response)
        dropped = _dropped(response)
        if not dropped:
            return ACCEPTED
        sites = 1 if self.domains_by_host else self.domain.count(",") + 1
        is_in_part = dropped < sites
        share = f" for {dropped} of {sites} sites" if is_in_part else ""
        return Outcome(
            kind=OutcomeKind.DROPPED,
            detail=f"it threw an event away{share}",
            log_key=_IN_PART if is_in_part else "dropped",
        )

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome of a drop with its likeliest cause and the remedy.

        `has_kept` tells whether the vendor has kept anything so far.
        """
        cause = self._drop_cause(event, has_kept=has_kept, is_in_part=outcome.log_key == _IN_PART)
        return replace(
            outcome, detail=f"{outcome.detail}. Most likely {cause.text}.", log_key=cause.kind
        )

    def _headers(self, visitor: Visitor) -> Mapping[str, str]:
        headers = {
            "content-type": "application/json",
            # Explicit even when empty, or the transport's own name would become the visitor's.
            "user-agent": _wire_format.header(
                visitor.user_agent, _wire_format.MAX_USER_AGENT_BYTES
            ),
        }
        if visitor.client_ip:
            address = _wire_format.header(visitor.client_ip)
            for name in self.ip_headers:
                headers[name.lower()] = address
        return headers

    def _body(self, event: Event, cuts: _wire_format.Cuts) -> Mapping[str, object]:
        # The long keys: the short one of `interactive` loses a false on some server versions.
        body: dict[str, object] = {
            "name": _wire_format.event_name(event.name, _wire_format.MAX_NAME_CHARS, cuts),
            "url": _fit(event.url, cuts),
            "domain": self._domain_of(event.url),
        }
        if self.script_version is not None:
            body["v"] = self.script_version
        if event.referrer:
            body["referrer"] = _referrer(event.referrer, cuts)
        if props := _props(event.props, cuts):
            body["props"] = props
        if revenue := _revenue(event.revenue):
            body["revenue"] = revenue
        if event.screen_width is not None:
            # Documented; today's server knows the kind of device from the user agent.
            body |= usable({"screen_width": event.screen_width})
        if not event.interactive:
            body["interactive"] = False
        return body

    def _domain_of(self, url: str) -> str:
        if not self.domains_by_host:
            return self.domain
        return self.domains_by_host.get(_options.stored_name(_validation.host_of(url)), self.domain)

    def _ip_header_warnings(self) -> Iterator[str]:
        if self._is_cloud and "X-Forwarded-For" not in self.ip_headers:
            yield (
                "Plausible Cloud finds visitors by X-Forwarded-For and drops events of servers: "
                "leave it among ip_headers."
            )

    def _drop_cause(self, event: Event, *, has_kept: bool, is_in_part: bool) -> _drop_causes.Cause:
        site = self._domain_of(event.url)
        if is_in_part:
            # The same visitor, browser and page were good enough for another site.
            return _drop_causes.unknown_site_cause(site)
        # Only the cloud knows data centres by their addresses.
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
    found = [field for field in _REMEDIES if field in errors]
    return (
        _response_status.invalid(response, _REMEDIES, found=found)
        if found
        else _response_status.refusal(response)
    )


def _dropped(response: Response) -> int:
    said = response.headers.get("x-plausible-dropped")
    match = _DROPPED.match(said) if said else None
    return int(match[1]) if match else 0


def _fit(url: str, cuts: _wire_format.Cuts) -> str:
    # Too long a URL is refused, not cut, by the server. Its path matters more than its query.
    whole = _wire_format.text(url.strip(), len(url))
    if len(whole.encode()) <= MAX_URL_BYTES:
        return whole
    cuts.note("url")
    address = re.split(r"[?#]", whole, maxsplit=1)[0]
    # The campaign is worth more than the rest of a query, where the URL is spelt as ours are.
    short = fit(whole.partition("#")[0], MAX_URL_BYTES) if whole.isascii() else address
    return _wire_format.utf8(short, MAX_URL_BYTES)


def _referrer(referrer: str, cuts: _wire_format.Cuts) -> str:
    return cuts.kept("referrer", referrer, _wire_format.text(referrer, MAX_REFERRER_CHARS))


def _props(props: Mapping[str, object], cuts: _wire_format.Cuts) -> Mapping[str, str]:
    # Above its limit the server keeps any 30; here it is the first 30, so that a chart is stable.
    kept: dict[str, str] = {}
    for key, value in _wire_format.prop_texts(props, _floats.elixir):
        if len(kept) == MAX_PROPS:
            cuts.note("props")
            break
        short = cuts.kept("props", key, _wire_format.utf8(key, MAX_PROP_KEY_BYTES))
        kept.setdefault(
            short, cuts.kept("props", value, _wire_format.utf8(value, MAX_PROP_VALUE_BYTES))
        )
    return kept


def _revenue(revenue: Revenue | None) -> Mapping[str, str] | None:
    if revenue is None or not revenue.amount.is_finite():
        return None
    # As text: a JSON number would be read as a float, and 19.90 is not one.
    return {
        "currency": _wire_format.text(revenue.currency, MAX_CURRENCY_CHARS),
        "amount": _wire_format.decimal_text(revenue.amount),
    }
