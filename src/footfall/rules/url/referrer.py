"""The page from which the visitor came."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from footfall.rules.url.host import MAX_HOST_CHARS, WEB_SCHEMES, host_of
from footfall.rules.url.limit import fitted_page
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import split_url
from footfall.rules.url.path import MAX_PATH, public_path
from footfall.rules.url.text import CACHE_SIZE, MAX_CACHED_CHARS, decode_text

if TYPE_CHECKING:
    from footfall.model import Headers, Hit

_REFERRER_SCHEMES: Final = WEB_SCHEMES | {"android-app"}


class Referral(NamedTuple):
    """Where a visitor came from: at most one of two.

    `referrer` is the URL of another site's page, `previous` the path of a page of this site;
    `is_cut` where a part of it is left out to keep `MAX_URL_BYTES`.
    """

    referrer: str | None = None
    previous: str | None = None
    is_cut: bool = False


def referrer_of(hit: Hit, *, page: str, options: UrlOptions = DEFAULT_OPTIONS) -> Referral:
    """Where the visitor of a page came from, scrubbed.

    A referrer on the page's host or on the request's own is this site's: ports, case and one
    leading `www.` do not matter. A page of this site that came through Google Translate or an AMP
    cache is no referrer. Of other sites only http, https and android-app pages count. With
    `path_mode="route"` there is no previous page, since its route is not known.

    Args:
        hit: The request, whose headers hold the referrer.
        page: The URL of the page, as `page_url` returns it.
        options: What is kept.

    Returns:
        ASCII texts of at most 2,000 bytes, or None.
    """
    return referrer_at(_origin_of_page(page), hit, options)


def referrer_at(origin: str, hit: Hit, options: UrlOptions = DEFAULT_OPTIONS) -> Referral:
    """`referrer_of` for a caller that has the origin of the page, with or without a slash."""
    sent = _sent_referrer(hit.headers)
    if not sent:
        return _NO_REFERRAL
    text = decode_text(sent)
    if "?" in text:  # The query is dropped, and must not stay in the cache.
        text = text[: text.index("?") + 1]
    read = _parse if len(text) <= MAX_CACHED_CHARS else _parse.__wrapped__
    parsed = read(text, options.hide_path_secrets)
    if parsed is None:
        return _NO_REFERRAL
    host = hit.host if len(hit.host) <= MAX_HOST_CHARS else ""
    if parsed.site not in _own_sites(origin, host):
        return parsed.from_elsewhere
    return parsed.from_here if options.path_mode == "path" else _NO_REFERRAL


def _sent_referrer(headers: Headers) -> str:
    # Turbolinks and htmx send the page that they replace, even if a policy suppresses the Referer.
    named = headers.get
    return named("turbolinks-referrer") or named("referer") or named("hx-current-url") or ""


_NO_REFERRAL: Final = Referral()


class _ParsedReferrer(NamedTuple):
    """A referrer, read both as another site's page and as one of this site."""

    # None where it cannot be of this site.
    site: str | None
    from_here: Referral
    from_elsewhere: Referral


@lru_cache(maxsize=CACHE_SIZE)
def _parse(text: str, hides_secrets: bool) -> _ParsedReferrer | None:
    parts = split_url(text)
    if parts is None or parts.scheme not in _REFERRER_SCHEMES or not parts.host:
        return None
    path = public_path(parts.path, hides_secrets, is_encoded=True)
    address = f"{parts.scheme}://{parts.host}"
    if parts.path or parts.scheme in WEB_SCHEMES:
        address += path
    is_cut = len(parts.path) > MAX_PATH
    page = fitted_page(address, is_cut=is_cut)
    elsewhere = Referral(referrer=page.url, is_cut=page.is_cut)
    if parts.scheme not in WEB_SCHEMES:
        return _ParsedReferrer(None, _NO_REFERRAL, elsewhere)
    if site := _site_behind_proxy(parts.host):
        return _ParsedReferrer(site, _NO_REFERRAL, elsewhere)
    page = fitted_page(path, is_cut=is_cut)
    here = Referral(previous=page.url, is_cut=page.is_cut)
    return _ParsedReferrer(_site(parts.host), here, elsewhere)


# Google Translate, and the AMP caches of Google, Bing and Cloudflare.
_PROXIES: Final = (".translate.goog", ".cdn.ampproject.org", ".bing-amp.com", ".amp.cloudflare.com")


def _site_behind_proxy(host: str) -> str | None:
    """The site whose page a proxy shows: `my-shop.example` is `my--shop-example.translate.goog`."""
    name = next((host.removesuffix(each) for each in _PROXIES if host.endswith(each)), None)
    if not name:
        return None
    return _site(name.replace("--", "\0").replace("-", ".").replace("\0", "-"))


def _origin_of_page(page: str) -> str:
    # The rest of the URL would make a cache entry for each page.
    end = page.find("/", page.find("://") + 3) + 1
    return page[:end] if end else page


@lru_cache(maxsize=CACHE_SIZE)
def _own_sites(origin: str, host: str) -> tuple[str, str]:
    """The site by the origin of the page, and by the host of the request."""
    parts = split_url(origin)
    return _site(parts.host if parts else ""), _site(host_of(host))


def _site(host: str) -> str:
    return re.sub(r":[0-9]+$", "", host).removeprefix("www.")
