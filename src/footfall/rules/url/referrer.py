"""Where the visitor of a page came from."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from footfall.rules.url.host import MAX_HOST, WEB, host_of
from footfall.rules.url.limit import fit
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import split
from footfall.rules.url.path import public_path
from footfall.rules.url.text import KNOWN, MAX_KNOWN, as_text

if TYPE_CHECKING:
    from footfall.model import Headers, Hit

_REFERRER_SCHEMES: Final = WEB | {"android-app"}


class Referral(NamedTuple):
    """Where a visitor came from.

    `referrer` is another site's page, `previous` the path of a page of this site. At most one of
    them is known.
    """

    referrer: str | None = None
    previous: str | None = None


def referrer_of(hit: Hit, *, page: str, options: UrlOptions = DEFAULT_OPTIONS) -> Referral:
    """Where the visitor of `page` (its URL) came from, scrubbed.

    A referrer on the page's host or on the request's own is this site's: ports, case and one
    leading `www.` do not matter. Of other sites only http, https and android-app pages count, at
    most 2,000 bytes. With `path_mode="route"` the previous page is not told, since nobody knows
    its route.
    """
    sent = _sent_referrer(hit.headers)
    if not sent:
        return _NO_REFERRAL
    text = as_text(sent)
    # Its query goes, and must not be remembered.
    end = text.find("?") + 1
    text = text[:end] if end else text
    read = _came_from if len(text) <= MAX_KNOWN else _came_from.__wrapped__
    came_from = read(text, options.hide_path_secrets)
    if came_from is None:
        return _NO_REFERRAL
    if came_from.site in (_site_of(page), _own_site(hit.host)):
        return Referral(previous=came_from.path if options.path_mode == "path" else None)
    return came_from.referral


def _sent_referrer(headers: Headers) -> str:
    # Turbolinks names the page it replaces; htmx does too, for sites whose policy hides the
    # Referer.
    named = headers.get
    return named("turbolinks-referrer") or named("referer") or named("hx-current-url") or ""


_NO_REFERRAL: Final = Referral()


class _CameFrom(NamedTuple):
    """A referrer that was read: as another site's page, and as one of this site's."""

    # None where it cannot be this site's.
    site: str | None
    path: str
    referral: Referral


@lru_cache(maxsize=KNOWN)
def _came_from(text: str, hides_secrets: bool) -> _CameFrom | None:
    parts = split(text)
    if parts is None or parts.scheme not in _REFERRER_SCHEMES or not parts.host:
        return None
    path = public_path(parts.path, hides_secrets, is_encoded=True)
    address = f"{parts.scheme}://{parts.host}"
    if parts.path or parts.scheme in WEB:
        address += path
    site = _site(parts.host) if parts.scheme in WEB else None
    return _CameFrom(site, fit(path), Referral(referrer=fit(address)))


def _site_of(page: str) -> str:
    """The site of a URL that has been scrubbed."""
    # What follows the slash behind the host is of one page only.
    end = page.find("/", page.find("://") + 3) + 1
    return _site_at(page[:end] if end else page)


@lru_cache(maxsize=KNOWN)
def _site_at(origin: str) -> str:
    parts = split(origin)
    return _site(parts.host if parts else "")


def _own_site(host: str) -> str:
    return _site_named(host) if len(host) <= MAX_HOST else ""


@lru_cache(maxsize=KNOWN)
def _site_named(host: str) -> str:
    return _site(host_of(host))


def _site(host: str) -> str:
    return re.sub(r":[0-9]+$", "", host).removeprefix("www.")
