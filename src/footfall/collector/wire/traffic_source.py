"""The traffic source of a session: the name of its source, and its channel.

A source that the table does not know is named by its host, or by the tag of the link. The channels,
and the order in which they are asked for, are Plausible's (acquisition.ex of 2026-11), but:

- `utm_medium=organic` is Organic Search and `affiliates` is Affiliates, as in GA4.
- An ad's tag is one of any source that is known (`linkedin-ads`), not of a list.

Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from footfall.collector.wire.known_sources import KINDS, NAMES, SourceKind
from footfall.collector.wire.parsing import NO_HOST, hostname_of, split_uri

DIRECT: Final = "Direct"

# More labels than a known host has, or the country's ending of one: `google.` and six characters.
_LABELS: Final = 6

_DISPLAY: Final = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL: Final = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_EMAIL: Final = re.compile(r"e[-_ ]?mail|newsletter")
# Not `workshop`; but `eshop`, and any `shopping`.
_SHOPPING: Final = re.compile(r"(?<![a-df-z])shop|shopping")
_PAID_MEDIUM: Final = re.compile(r".*cp|(?:ppc|retargeting)$|paid")
# `fb-ads`, `google_ads`, `yt ads`, `fbad`.
_AD_TAG: Final = re.compile(r"(.+?)[-_ ]?ads?")

CLICK_IDS: Final = {"Google": "gclid", "Bing": "msclkid"}
"""The parameter by which the pages of a source's advertisements are known."""

_PAID_CHANNELS: Final[dict[SourceKind | None, str]] = {
    "search": "Paid Search",
    "social": "Paid Social",
    "video": "Paid Video",
}


class TrafficSource(NamedTuple):
    """The source's name (None for a direct visit), its channel, and the referring page."""

    source: str | None
    channel: str
    # Host and path, without `www.`, query and fragment.
    referrer: str | None


def find_traffic_source(
    source: str | None,
    referrer: str | None,
    medium: str | None,
    campaign: str | None,
    *,
    tag: str | None = None,
    click_id: str | None = None,
) -> TrafficSource:
    """The traffic source of a session, by its first event.

    Args:
        source: The tag of the link, or the host of the referrer.
        referrer: The URL of the referring page.
        medium: `utm_medium`.
        campaign: `utm_campaign`.
        tag: The tag of the link alone; None where it has none.
        click_id: The name of the parameter that an advertisement added.
    """
    name = source_name(source) if source else None
    channel = _channel(
        name,
        (medium or "").lower(),
        (campaign or "").lower(),
        tag=(tag or "").lower(),
        click_id=click_id,
    )
    return TrafficSource(name, channel, _referring_page(source, referrer))


def click_id_of(query: str) -> str | None:
    """The name of the click id in a query that `CLICK_IDS` knows, or None."""
    known = [each for each in CLICK_IDS.values() if each in query]
    if not known:
        return None
    names = {name for name, _ in parse_qsl(query, keep_blank_values=True, errors="replace")}
    return next((each for each in known if each in names), None)


def medium_of_click(source: str | None, click_id: str | None) -> str | None:
    """The medium of a visit that has none, where an advertisement brought it: `(gclid)`."""
    is_ad = click_id and source and CLICK_IDS.get(source_name(source)) == click_id
    return f"({click_id})" if is_ad else None


def source_name(source: str) -> str:
    """The well-known name of a host, an app or a tag; else the host or tag itself."""
    text = source.lower()
    key = ".".join(text.rsplit(".", _LABELS)[-_LABELS:])
    while True:
        if name := NAMES.get(key) or _name_in_any_country(key):
            return name
        # `en.wikipedia.org` is Wikipedia, and `google.evil.test` is not Google.
        _, _, key = key.partition(".")
        if "." not in key:
            return NAMES.get(_advertiser(text) or "", source)


def _advertiser(tag: str) -> str | None:
    """The tag without the ending that makes it an advertisement's, if it is one of a source."""
    if tag == "adwords":
        return "google"
    found = _AD_TAG.fullmatch(tag)
    return found[1] if found and found[1] in NAMES and tag not in NAMES else None


def _name_in_any_country(host: str) -> str | None:
    """The name of `google.` for `google.de` and `google.co.uk`."""
    name, _, last = host.rpartition(".")
    if not name or len(last) > 3:
        return None
    before, _, second = name.rpartition(".")
    return NAMES.get(f"{name}.") or (NAMES.get(f"{before}.") if len(second) <= 3 else None)


def _channel(
    name: str | None, medium: str, campaign: str, *, tag: str, click_id: str | None
) -> str:
    kind = KINDS.get(name or "")
    if "cross-network" in campaign:
        return "Cross-network"
    is_paid = _PAID_MEDIUM.match(medium) is not None
    sells = kind == "shopping" or _SHOPPING.search(campaign) is not None
    if sells and is_paid:
        return "Paid Shopping"
    is_ad = _advertiser(tag) is not None or CLICK_IDS.get(name or "", "") == click_id
    if (is_paid or is_ad) and kind in _PAID_CHANNELS:
        return _PAID_CHANNELS[kind]
    if medium in _DISPLAY:
        return "Display"
    if is_paid:
        return "Paid Other"
    return "Organic Shopping" if sells else _free_channel(name, kind, medium, tag)


def _free_channel(name: str | None, kind: SourceKind | None, medium: str, tag: str) -> str:
    """The first channel of the rest, in Plausible's order: the source's kind before the medium."""
    channels = (
        ("Organic Social", kind == "social" or medium in _SOCIAL),
        ("Organic Video", kind == "video" or "video" in medium),
        ("AI Assistants", kind == "ai"),
        ("Organic Search", kind == "search" or medium == "organic"),
        ("Email", kind == "email" or bool(_EMAIL.search(tag) or _EMAIL.search(medium))),
        ("Affiliates", medium in ("affiliate", "affiliates")),
        ("Audio", medium == "audio"),
        ("SMS", "sms" in (medium, tag)),
        ("Mobile Push Notifications", _is_push(medium) or name == "firebase"),
        ("Referral", name is not None or medium in ("referral", "app", "link")),
    )
    return next((channel for channel, applies in channels if applies), DIRECT)


def _is_push(medium: str) -> bool:
    return medium.endswith("push") or "mobile" in medium or "notification" in medium


def _referring_page(source: str | None, referrer: str | None) -> str | None:
    """Host and path of the referrer; None without a source."""
    if not source or not referrer:
        return None
    scheme, authority, path, _, _ = split_uri(referrer)
    host = hostname_of(authority)
    if scheme.lower() not in ("http", "https", "android-app") or host == NO_HOST:
        return None
    return host + path.rstrip("/")
