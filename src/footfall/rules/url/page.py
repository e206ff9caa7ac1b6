"""The public URL of the page that a hit requested."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin

from footfall.rules.url.host import host_of, scheme_of
from footfall.rules.url.limit import Page, fitted_page
from footfall.rules.url.options import DEFAULT_OPTIONS, UrlOptions
from footfall.rules.url.parts import split_url
from footfall.rules.url.path import MAX_PATH, SAFE_IN_PATHS, path_of_hit, public_path, route_path
from footfall.rules.url.query import exceeds_limits, public_query
from footfall.rules.url.text import MAX_CACHED_CHARS, decode_text, without_surrogates

if TYPE_CHECKING:
    from footfall.model import Headers, Hit

# Reserved by RFC 2606 for names that cannot exist, so it is never the name of a site.
UNKNOWN_HOST: Final = "unknown.invalid"
"""The host where a request has no valid one and `base_url` is not set."""


def page_url(
    hit: Hit, *, is_trusted: bool, options: UrlOptions = DEFAULT_OPTIONS, path: str | None = None
) -> str:
    """The absolute URL of the page that a visitor opened, scrubbed.

    Scheme and host are those of `base_url`. Without it, and with a trusted peer, they are the last
    items of `X-Forwarded-Proto` and `X-Forwarded-Host`, else of `Forwarded` (RFC 7239). The trusted
    peer wrote the last item; those before it may be the visitor's. Behind a chain of proxies that
    append it describes an inner hop, and `base_url` is the remedy. Else the request's own are used.
    An invalid host counts as missing, and a missing one becomes `UNKNOWN_HOST`.

    The path is spelled as the browser does it, where the server tells; else it is encoded as a
    browser encodes text. So it is what `location.href` is in a vendor's script.

    Args:
        hit: The request and its response.
        is_trusted: The peer is a trusted proxy, whose headers name the public scheme and host.
        options: What is kept, and the public scheme and host.
        path: The URL that the response makes the browser show, as a header carries it: relative
            or absolute, with or without a query. Its host is ignored.

    Returns:
        ASCII text of at most 2,000 bytes.
    """
    return page_at(
        public_origin(hit, is_trusted=is_trusted, options=options), hit, options, path
    ).url


def page_at(
    origin: str, hit: Hit, options: UrlOptions = DEFAULT_OPTIONS, path: str | None = None
) -> Page:
    """The page for a caller that has the hit's `public_origin` already, as `origin`."""
    pushed = split_url(_resolved(decode_text(path), hit)) if path else None
    read = ""
    if options.path_mode == "route" and hit.route is not None:
        where = route_path(hit.route)
    elif pushed:
        read = pushed.path
        where = public_path(pushed.path, options.hide_path_secrets, is_encoded=True)
    else:
        read = hit.raw_path or hit.path
        write = path_of_hit if len(read) <= MAX_CACHED_CHARS else path_of_hit.__wrapped__
        where = write(read, options.hide_path_secrets, is_encoded=bool(hit.raw_path))
    query = pushed.query if pushed else hit.query and decode_text(hit.query)
    page = origin + where + public_query(query, options.keep_query) if query else origin + where
    return fitted_page(page, is_cut=len(read) > MAX_PATH or exceeds_limits(query))


def names_origin(headers: Headers) -> bool:
    """Whether a request has a header that a trusted peer would name another origin with."""
    return "x-forwarded-proto" in headers or "x-forwarded-host" in headers or "forwarded" in headers


def public_origin(hit: Hit, *, is_trusted: bool, options: UrlOptions = DEFAULT_OPTIONS) -> str:
    """`scheme://host` of the site as its visitors see it; see `page_url`."""
    if options.base_url:
        return options.base_url
    proto = named_host = forwarded = ""
    if is_trusted:
        named = hit.headers.get
        proto = named("x-forwarded-proto", "")
        named_host = named("x-forwarded-host", "")
        forwarded = named("forwarded", "")
    # A site has few hosts. Longer texts are no hosts, and would fill the memory.
    length = len(hit.host) + len(proto) + len(named_host) + len(forwarded)
    find = _origin if length <= _MAX_CACHED_CHARS else _origin.__wrapped__
    return find(hit.scheme, hit.host, proto, named_host, forwarded)


_MAX_CACHED_CHARS: Final = 1024


@lru_cache(maxsize=256)
def _origin(own_scheme: str, own_host: str, proto: str, named_host: str, forwarded: str) -> str:
    scheme = (
        scheme_of(_last_item(proto))
        or scheme_of(_forwarded_parameter(forwarded, "proto"))
        or scheme_of(own_scheme)
        or "http"
    )
    host = (
        host_of(_last_item(named_host))
        or host_of(_forwarded_parameter(forwarded, "host"))
        or host_of(own_host)
        or UNKNOWN_HOST
    )
    return f"{scheme}://{host}"


def _last_item(items: str) -> str:
    return items.rpartition(",")[2].strip()


def _forwarded_parameter(forwarded: str, parameter: str) -> str:
    """One parameter of the last element of `Forwarded`, split at each comma, quoted or not.

    Neither a scheme nor a host has a comma, so a visitor's quote cannot hide the proxy's element.
    """
    if not forwarded:
        return ""
    element = _last_item(forwarded)[:1024]
    pairs = (pair.partition("=") for pair in element.split(";"))
    values = (value for name, _, value in pairs if name.strip().lower() == parameter)
    return next(values, "").strip().strip('"')


def _resolved(reference: str, hit: Hit) -> str:
    try:
        path = hit.raw_path or quote(without_surrogates(hit.path), safe=SAFE_IN_PATHS + "/")
        return urljoin("http://host" + path, reference)
    except ValueError:
        return ""
