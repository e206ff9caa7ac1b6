"""The public URL of the page that a hit is about."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin

from footfall.rules.url.host import host_of, scheme_of
from footfall.rules.url.limit import MAX_URL_BYTES, fit
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import split
from footfall.rules.url.path import own_path, public_path, route_path
from footfall.rules.url.query import public_query
from footfall.rules.url.text import MAX_KNOWN, as_text, replaced

if TYPE_CHECKING:
    from footfall.model import Hit

# Reserved by RFC 2606 for names that cannot exist, so nobody's site is mistaken for it.
UNKNOWN_HOST: Final = "unknown.invalid"
"""Stands for the host where a request named none or an impossible one, and `base_url` is unset."""


def page_url(
    hit: Hit, *, is_trusted: bool, options: UrlOptions = DEFAULT_OPTIONS, path: str | None = None
) -> str:
    """The absolute URL of the page a visitor looked at, scrubbed, at most 2,000 bytes.

    Scheme and host are those of `base_url`. Without it, and with `is_trusted` (the peer may speak
    for the client), they are those that the proxy names: of `X-Forwarded-Proto` and
    `X-Forwarded-Host`, else of `Forwarded` (RFC 7239), the last item. That one the trusted peer
    wrote itself; what stands before it may be the visitor's. Behind a chain of proxies that append,
    it describes an inner hop, and `base_url` is the remedy. Else they are the request's own.
    A name that cannot be a host counts as missing, and `UNKNOWN_HOST` stands in for a missing one.

    The path is written as RFC 3986 has it, so WSGI and ASGI give the same page one spelling.
    `path` is another address of the page, which a response told the browser to show: a URL as a
    header carries it, relative or not, with or without a query. Its host is ignored.
    """
    return page_url_at(
        public_origin(hit, is_trusted=is_trusted, options=options), hit, options, path
    )


def page_url_at(
    base: str, hit: Hit, options: UrlOptions = DEFAULT_OPTIONS, path: str | None = None
) -> str:
    """`page_url`, for who knows the hit's `public_origin` already."""
    pushed = split(_resolved(as_text(path), hit)) if path else None
    if options.path_mode == "route" and hit.route is not None:
        where = route_path(hit.route)
    elif pushed:
        where = public_path(pushed.path, options.hide_path_secrets, is_encoded=True)
    else:
        write = own_path if len(hit.path) <= MAX_KNOWN else own_path.__wrapped__
        where = write(hit.path, options.hide_path_secrets)
    query = pushed.query if pushed else hit.query and as_text(hit.query)
    page = base + where + public_query(query, options.keep_query) if query else base + where
    return page if len(page) <= MAX_URL_BYTES else fit(page)


def public_origin(hit: Hit, *, is_trusted: bool, options: UrlOptions = DEFAULT_OPTIONS) -> str:
    """`scheme://host` of the site as its visitors know it; see `page_url`."""
    if options.base_url:
        return options.base_url
    proto = named_host = forwarded = ""
    if is_trusted:
        named = hit.headers.get
        proto = named("x-forwarded-proto", "")
        named_host = named("x-forwarded-host", "")
        forwarded = named("forwarded", "")
    # A site has few names. Long ones are none, and would fill the memory.
    length = len(hit.host) + len(proto) + len(named_host) + len(forwarded)
    find = _base if length <= _MAX_CACHED else _base.__wrapped__
    return find(hit.scheme, hit.host, proto, named_host, forwarded)


_MAX_CACHED: Final = 1024


@lru_cache(maxsize=256)
def _base(own_scheme: str, own_host: str, proto: str, named_host: str, forwarded: str) -> str:
    scheme = (
        scheme_of(_last(proto))
        or scheme_of(_parameter(forwarded, "proto"))
        or scheme_of(own_scheme)
        or "http"
    )
    host = (
        host_of(_last(named_host))
        or host_of(_parameter(forwarded, "host"))
        or host_of(own_host)
        or UNKNOWN_HOST
    )
    return f"{scheme}://{host}"


def _last(items: str) -> str:
    return items.rpartition(",")[2].strip()


def _parameter(forwarded: str, parameter: str) -> str:
    """One parameter of `Forwarded`'s last element, split at commas whatever the quotes say.

    Neither a scheme nor a host has a comma, and a quote sent by a visitor cannot hide the proxy's
    own element that way.
    """
    if not forwarded:
        return ""
    element = _last(forwarded)[:1024]
    pairs = (pair.partition("=") for pair in element.split(";"))
    values = (value for name, _, value in pairs if name.strip().lower() == parameter)
    return next(values, "").strip().strip('"')


def _resolved(reference: str, hit: Hit) -> str:
    try:
        return urljoin("http://host" + quote(replaced(hit.path)), reference)
    except ValueError:
        return ""
