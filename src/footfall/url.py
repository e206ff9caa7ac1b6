"""The public URL of a hit and its referrer, scrubbed as they may leave this machine.

What a vendor throws away has already been sent and logged, so everything is dropped here that is
not known to matter. Of the query the campaign survives (`CAMPAIGN` with values, `CLICK_IDS` as
names); of the path all but what looks like a secret; of a referrer its origin and path. Fragments,
user names and passwords never survive.

Rules of the room: every text that comes out is printable ASCII; nothing that a visitor sends can
raise; of a path the first 4,096 characters are read, of a query 8,192 and 256 parameters, so that
the work is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import quote, unquote, unquote_plus, unquote_to_bytes, urljoin

from footfall.errors import ConfigError, Fault
from footfall.routes import template

if TYPE_CHECKING:
    from footfall.model import Headers, Hit

__all__ = [
    "CAMPAIGN",
    "CLICK_IDS",
    "DEFAULT_RULES",
    "MAX_URL_BYTES",
    "REQUEST_HEADERS",
    "UNKNOWN_HOST",
    "Referral",
    "UrlRules",
    "fit",
    "page_at",
    "page_url",
    "public_base",
    "referrer_of",
    "scrub_url",
    "without_campaign",
]

REQUEST_HEADERS: Final = frozenset(
    {
        "forwarded",
        "hx-current-url",
        "referer",
        "turbolinks-referrer",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)
"""The request headers this room reads, in lower case."""

CAMPAIGN: Final = (
    "utm_source",
    "ref",
    "source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
)
"""Parameters that survive with their values, the most telling first. Vendors match the case.

Plausible, lib/plausible/ingestion/source.ex and acquisition.ex, read 2026.
"""

CLICK_IDS: Final = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid", "twclid")
"""Parameters that survive as names: vendors note that one was there, its value is personal."""

# Plausible rejects an event whose URL is longer, and the pageview with it; Swetrix stores any.
MAX_URL_BYTES: Final = 2_000

# Reserved by RFC 2606 for names that cannot exist, so nobody's site is mistaken for it.
UNKNOWN_HOST: Final = "unknown.invalid"
"""Stands for the host where a request named none or an impossible one, and `base_url` is unset."""

# Twice the URL's limit, since long secrets in a path shrink; a request line holds 8 KiB.
_MAX_PATH: Final = 4_096
_MAX_QUERY: Final = 8_192
# No landing page has a tenth of it.
_MAX_PARAMETERS: Final = 256
# Longer than any campaign's name; short enough that no token or free text comes with it.
_MAX_VALUE: Final = 100
# 253 for a name in DNS, 6 for a port.
_MAX_HOST: Final = 259

# A site has few pages, and its visitors come from few places, most of them from the site itself. No
# text that is longer is remembered.
_KNOWN: Final = 1024
_MAX_KNOWN: Final = 256

_WEB: Final = frozenset({"http", "https"})
# These name no page of a site, but code, content or a file of the visitor's disk.
_NO_PAGES: Final = frozenset({"about", "blob", "data", "file", "javascript"})
_REFERRER_SCHEMES: Final = _WEB | {"android-app"}
_SCHEMES: Final[Mapping[str, str]] = {
    "http": "http",
    "https": "https",
    "ws": "http",
    "wss": "https",
}


Keep: TypeAlias = frozenset[str] | Literal["*"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRules:
    """What of a URL may leave, beside the campaign.

    Raises `ConfigError` with every option that cannot work.
    """

    # Names that survive with their values, matched with their case, or "*" for all but known
    # secrets. A name that is listed survives even if "*" would drop it (`code`, `user`), but for
    # those that say credential (`token`, `secret`, `passw`, `session`, `auth`, `signature`).
    keep_query: Keep = frozenset()
    # The public scheme and host, for sites whose proxies do not tell it: "https://example.com".
    base_url: str | None = None
    # "route" sends `/users/{id}` for `/users/17`, wherever the framework knows the route.
    path_mode: Literal["path", "route"] = "path"
    # Addresses and long random text in a path become `:email` and `:token`.
    hide_path_secrets: bool = True

    def __post_init__(self) -> None:
        faults = [*_keep_query_faults(self.keep_query), *_base_url_faults(self.base_url)]
        if self.path_mode not in ("path", "route"):
            faults.append(Fault("path_mode", self.path_mode, 'write "path" or "route"'))
        if faults:
            raise ConfigError(faults)
        if self.keep_query != "*":
            object.__setattr__(self, "keep_query", frozenset(self.keep_query))
        if self.base_url is not None:
            object.__setattr__(self, "base_url", _origin(self.base_url))


def _keep_query_faults(names: object) -> Iterable[Fault]:
    if names == "*":
        return
    if isinstance(names, str) or not isinstance(names, Collection):
        yield Fault("keep_query", names, 'write a list of names, or "*" for all but secrets')
        return
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[^\s&=?#]+", name):
            yield Fault("keep_query", name, 'write the bare name of a parameter, such as "page"')
        elif name == "*":
            yield Fault("keep_query", name, 'write keep_query="*" and no other name')
        elif _CREDENTIAL.search(_plain(name)):
            yield Fault("keep_query", name, "a credential is never sent; leave it out")


def _base_url_faults(url: object) -> Iterable[Fault]:
    if url is None or (isinstance(url, str) and _origin(url)):
        return
    found = _ALMOST_ORIGIN.match(url) if isinstance(url, str) else None
    host = _host(found["host"]) if found else ""
    scheme = (_scheme(found["scheme"] or "") if found else "") or "https"
    example = f"{scheme}://{host or 'example.com'}"
    yield Fault("base_url", url, f'write scheme and host alone, such as "{example}"')


_ALMOST_ORIGIN: Final = re.compile(r"\s*(?:(?P<scheme>\w+)://)?(?:[^/?#]*@)?(?P<host>[^/?#\s]*)")


def _origin(url: str) -> str:
    """`scheme://host` of a URL that has nothing else, or an empty text."""
    scheme, mark, rest = url.partition("://")
    host = _host(rest.removesuffix("/"))
    return f"{scheme.lower()}://{host}" if mark and host and scheme.lower() in _WEB else ""


DEFAULT_RULES: Final = UrlRules()


class Referral(NamedTuple):
    """Where a visitor came from.

    `referrer` is another site's page, `previous` the path of a page of this site. At most one of
    them is known.
    """

    referrer: str | None = None
    previous: str | None = None


# The page


def page_url(
    hit: Hit, *, is_trusted: bool, rules: UrlRules = DEFAULT_RULES, path: str | None = None
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
    return page_at(public_base(hit, is_trusted=is_trusted, rules=rules), hit, rules, path)


def page_at(base: str, hit: Hit, rules: UrlRules = DEFAULT_RULES, path: str | None = None) -> str:
    """`page_url`, for who knows the hit's `public_base` already."""
    pushed = _split(_resolved(_as_text(path), hit)) if path else None
    if rules.path_mode == "route" and hit.route is not None:
        where = _route_path(hit.route)
    elif pushed:
        where = _public_path(pushed.path, rules.hide_path_secrets, is_encoded=True)
    else:
        write = _own_path if len(hit.path) <= _MAX_KNOWN else _own_path.__wrapped__
        where = write(hit.path, rules.hide_path_secrets)
    query = pushed.query if pushed else hit.query and _as_text(hit.query)
    page = base + where + _public_query(query, rules) if query else base + where
    return page if len(page) <= MAX_URL_BYTES else fit(page)


def public_base(hit: Hit, *, is_trusted: bool, rules: UrlRules = DEFAULT_RULES) -> str:
    """`scheme://host` of the site as its visitors know it; see `page_url`."""
    if rules.base_url:
        return rules.base_url
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
        _scheme(_last(proto))
        or _scheme(_parameter(forwarded, "proto"))
        or _scheme(own_scheme)
        or "http"
    )
    host = (
        _host(_last(named_host))
        or _host(_parameter(forwarded, "host"))
        or _host(own_host)
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


def _scheme(text: str) -> str:
    return _SCHEMES.get(text.lower(), "")


_HOST: Final = re.compile(
    r"(?P<host>\[(?P<v6>[0-9a-f:.]+)\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::(?P<port>[0-9]{0,5}))?"
)


def _host(text: str) -> str:
    """Host and port in lower case, without the ports 80 and 443; empty if it cannot be a host."""
    return _short_host(text) if text and len(text) <= _MAX_HOST else ""


@lru_cache(maxsize=1024)
def _short_host(text: str) -> str:
    found = _HOST.fullmatch(text.lower()) if text.isascii() else None
    if not found or (found["v6"] and not _is_ipv6(found["v6"])):
        return ""
    port = int(found["port"] or 0)
    if port > 65_535:
        return ""
    return found["host"] if port in (0, 80, 443) else f"{found['host']}:{port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _resolved(reference: str, hit: Hit) -> str:
    try:
        return urljoin("http://host" + quote(_replaced(hit.path)), reference)
    except ValueError:
        return ""


# The referrer


def referrer_of(hit: Hit, *, page: str, rules: UrlRules = DEFAULT_RULES) -> Referral:
    """Where the visitor of `page` (its URL) came from, scrubbed.

    A referrer on the page's host or on the request's own is this site's: ports, case and one
    leading `www.` do not matter. Of other sites only http, https and android-app pages count, at
    most 2,000 bytes. With `path_mode="route"` the previous page is not told, since nobody knows
    its route.
    """
    sent = _sent_referrer(hit.headers)
    if not sent:
        return _NO_REFERRAL
    text = _as_text(sent)
    # Its query goes, and must not be remembered.
    end = text.find("?") + 1
    text = text[:end] if end else text
    read = _came_from if len(text) <= _MAX_KNOWN else _came_from.__wrapped__
    came_from = read(text, rules.hide_path_secrets)
    if came_from is None:
        return _NO_REFERRAL
    if came_from.site in (_site_of(page), _own_site(hit.host)):
        return Referral(previous=came_from.path if rules.path_mode == "path" else None)
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


@lru_cache(maxsize=_KNOWN)
def _came_from(text: str, hides_secrets: bool) -> _CameFrom | None:
    parts = _split(text)
    if parts is None or parts.scheme not in _REFERRER_SCHEMES or not parts.host:
        return None
    path = _public_path(parts.path, hides_secrets, is_encoded=True)
    address = f"{parts.scheme}://{parts.host}"
    if parts.path or parts.scheme in _WEB:
        address += path
    site = _site(parts.host) if parts.scheme in _WEB else None
    return _CameFrom(site, fit(path), Referral(referrer=fit(address)))


def _site_of(page: str) -> str:
    """The site of a URL that has been scrubbed."""
    # What follows the slash behind the host is of one page only.
    end = page.find("/", page.find("://") + 3) + 1
    return _site_at(page[:end] if end else page)


@lru_cache(maxsize=_KNOWN)
def _site_at(origin: str) -> str:
    parts = _split(origin)
    return _site(parts.host if parts else "")


def _own_site(host: str) -> str:
    return _site_named(host) if len(host) <= _MAX_HOST else ""


@lru_cache(maxsize=_KNOWN)
def _site_named(host: str) -> str:
    return _site(_host(host))


def _site(host: str) -> str:
    return re.sub(r":[0-9]+$", "", host).removeprefix("www.")


# Any URL


def scrub_url(url: str, rules: UrlRules = DEFAULT_RULES) -> str:
    """The absolute `url` with the same hygiene as a page's, at most 2,000 bytes.

    Schemes of apps are kept (`app://localhost/login`, `app:///login`). The result is empty if
    there is no `scheme://`, the host cannot be one, or the scheme names no page (`data`, `file`).
    Scrubbing twice changes nothing more.
    """
    parts = _split(_replaced(url))
    if parts is None or parts.scheme in _NO_PAGES:
        return ""
    return _public_url(parts, rules)


class _Parts(NamedTuple):
    scheme: str
    host: str
    path: str
    query: str


_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,31})://(?:[^/?#]*@)?(?P<host>[^/?#@]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?"
)


def _split(url: str) -> _Parts | None:
    """The parts of an absolute URL, without user and fragment, or None if the host cannot be one.

    The standard library's splitter raises where this one returns None.
    """
    found = _URL.match(url.strip())
    if not found:
        return None
    scheme, sent = found["scheme"].lower(), found["host"]
    host = _host(sent)
    if not host and (sent or scheme in _WEB or not found["path"]):
        return None
    # Only the names of DNS are the same in any case; an Android package is not one.
    return _Parts(scheme, host if scheme in _WEB else sent, found["path"], found["query"] or "")


def _public_url(parts: _Parts, rules: UrlRules) -> str:
    path = ""
    if parts.path or parts.scheme in _WEB:
        path = _public_path(parts.path, rules.hide_path_secrets, is_encoded=True)
    return fit(f"{parts.scheme}://{parts.host}{path}{_public_query(parts.query, rules)}")


# The path


# Short segments of plain characters, as nearly all paths have them; they stay as they are.
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,=:-]{0,31})+")


@lru_cache(maxsize=_KNOWN)
def _own_path(path: str, hides_secrets: bool) -> str:
    """The path of a hit, as it may leave."""
    return _public_path(_replaced(path), hides_secrets, is_encoded=False)


def _public_path(path: str, hides_secrets: bool, *, is_encoded: bool) -> str:
    if _PLAIN_PATH.fullmatch(path):
        return path
    segments: Iterable[str] = _segments(path)
    if is_encoded:
        segments = map(unquote, segments)
    return "".join(f"/{_quoted(_public_segment(segment, hides_secrets))}" for segment in segments)


def _segments(path: str) -> list[str]:
    """What stands between the slashes; of an endless path, without the part that is cut off."""
    if len(path) > _MAX_PATH:
        path = path[:_MAX_PATH].rpartition("/")[0] or path[:_MAX_PATH]
    return path.removeprefix("/").split("/")


def _public_segment(segment: str, hides_secrets: bool) -> str:
    if ";" in segment:
        name, *parameters = segment.split(";")
        kept = (each for each in parameters if not _is_denied(each.partition("=")[0]))
        segment = ";".join([name, *kept])
    if not hides_secrets:
        return segment
    if _EMAIL.fullmatch(segment):
        return ":email"
    return _LONG_TEXT.sub(_hidden, segment)


def _quoted(text: str) -> str:
    # What RFC 3986 allows in a segment (pchar) stands for itself.
    return quote(text, safe="!$&'()*+,;=:@~")


_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")

# Hex, base64 and what joins the parts of signed tokens (JWT, itsdangerous, Django's signing).
_LONG_TEXT: Final = re.compile(r"[A-Za-z0-9_.~=:+-]{32,}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
# Letters and digits without a break, as no word has them.
_SOLID: Final = re.compile(r"(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32}")
# Where two kinds of characters meet that seldom do in words: `aB`, `a1`, `1a`, `A1`.
_JUMP: Final = re.compile(r"(?=[a-z][A-Z0-9]|[A-Z][0-9]|[0-9][A-Za-z])")


def _hidden(found: re.Match[str]) -> str:
    return ":token" if _is_random(found[0][:256]) else found[0]


def _is_random(text: str) -> bool:
    """Whether long text was drawn by a machine rather than written, as titles in a path are.

    In random base64 nearly every second step is a jump, and it has few separators. Titles full of
    numbers have one in five steps; where a short id follows, most words still have none. Of 24
    random bytes this misses 2 in 100, of 32 less than 1.
    """
    if _SOLID.search(text):
        return True
    rest = _UUID.sub("", text)
    words = re.split(r"[._~=:+-]", rest)
    mixed = sum(len(word) for word in words if _JUMP.search(word))
    return (
        len(rest) >= 32
        and re.search("[0-9]", rest) is not None
        and len(_JUMP.findall(rest)) * 4 >= len(rest)
        and mixed * 3 >= len(rest) * 2
    )


def _route_path(route: str) -> str:
    return "".join(f"/{_quoted(_replaced(segment))}" for segment in _segments(template(route)))


# The query

# Matched whole, in lower case, with underscores for hyphens.
_SECRETS: Final = frozenset(
    """
    code state nonce ticket assertion samlresponse relaystate
    key api_key apikey pwd otp pin hash sig hmac x_amz_credential sesame magic invite invitation
    confirm activation reset sid csrf email e_mail mail phone tel name first_name last_name
    fullname address dob ssn iban card user username uid mc_eid mkt_tok _hsenc _hsmi vero_id
    ck_subscriber_id __s oly_enc_id fbclid gbraid wbraid dclid ttclid twclid yclid li_fat_id igshid
    """.split()  # noqa: SIM905  # a word a line would fill two pages
)

# Anywhere in a name. An `author` is no secret, `authorization` is.
_CREDENTIAL: Final = re.compile(r"token|secret|passw|session|sessid|signature|auth(?!or(?!i[sz]))")


def _public_query(query: str, rules: UrlRules) -> str:
    """The query as it may leave, with its question mark, in its own order and encoding."""
    keep = rules.keep_query
    public = [_public_parameter(each, keep) for each in _parameters(query)]
    kept = "&".join(filter(None, public))
    return "?" + kept if kept else ""


def _public_parameter(parameter: str, keep: Keep) -> str:
    # A campaign brings many visitors with the same ones. No other is remembered: it may be a key.
    is_short = len(parameter) <= _MAX_VALUE and parameter.startswith(_OF_CAMPAIGN)
    return (_known_parameter if is_short else _read_parameter)(parameter, keep)


def _read_parameter(parameter: str, keep: Keep) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), _kept(parameter, keep))


_OF_CAMPAIGN: Final = tuple(f"{name}=" for name in CAMPAIGN)
_known_parameter = lru_cache(maxsize=_KNOWN)(_read_parameter)


# What browsers encode in a query (WHATWG URL, special-query percent-encode set); no `%`.
_UNSAFE: Final = re.compile(r"[^!$-&(-;=?-~]")


def _parameters(query: str) -> list[str]:
    parameters = query[:_MAX_QUERY].split("&", _MAX_PARAMETERS)
    is_cut = len(query) >= _MAX_QUERY or len(parameters) > _MAX_PARAMETERS
    return parameters[:-1] if is_cut else parameters


def _kept(parameter: str, keep: Keep) -> str:
    """What is left of a parameter: all, its name, nothing."""
    name, _, value = parameter.partition("=")
    plain = unquote_plus(name)
    if plain in CAMPAIGN:
        is_short = len(unquote_plus(value)) <= _MAX_VALUE
        return parameter if is_short and not _has_address(value) else ""
    if keep != "*" and plain in keep:
        return parameter
    if plain in CLICK_IDS:
        return f"{name}=1" if value else parameter
    is_wanted = keep == "*" and not _is_denied(name) and not _has_address(value)
    return parameter if is_wanted else ""


def _has_address(value: str) -> bool:
    # Links in mails are at times encoded twice.
    return "@" in (text := unquote(unquote_plus(value))) and bool(_ADDRESS.search(text))


_ADDRESS: Final = re.compile(r"@[^\s@]+\.[^\s@]")


def _is_denied(name: str) -> bool:
    plain = _plain(name)
    if _CREDENTIAL.search(plain):
        return True
    # `user[email]` and `user.email` name two things.
    return any(part in _SECRETS for part in re.split(r"[\[\].]+", plain))


def _plain(name: str) -> str:
    return unquote(unquote_plus(name)).strip().lower().replace("-", "_")


# Text


def _replaced(text: str) -> str:
    """`text` without lone surrogates, which have no bytes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _as_text(sent: str) -> str:
    """The text of a header or a query, which servers hand over as bytes read as latin-1.

    Browsers send ASCII; what else comes is UTF-8 as a rule, and is read as such where it can be.
    """
    if sent.isascii():
        return sent
    try:
        return sent.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return _replaced(sent)


# The limit


def fit(url: str, limit: int = MAX_URL_BYTES) -> str:
    """`url`, which is ASCII, in at most `limit` bytes; the least telling parts go first.

    First parameters of the owner's choice, then click ids, then the campaign from `utm_term` up to
    `utm_source`; among equals the last one first. When no parameter is left, the end of the path.
    """
    if len(url) <= limit:
        return url
    address, _, query = url.partition("?")
    parameters = dict(enumerate(query.split("&")))
    excess = len(url) - limit
    for position in sorted(parameters, key=lambda each: (_worth(parameters[each]), -each)):
        if excess <= 0:
            break
        excess -= len(parameters.pop(position)) + 1
    if parameters:
        return f"{address}?{'&'.join(parameters.values())}"
    return _cut(address, limit)


def without_campaign(url: str) -> str:
    """A scrubbed `url` without campaign and click ids, which tell of the way and not of the place.

    What of the query is left, the owner has chosen to keep.
    """
    address, _, query = url.partition("?")
    kept = "&".join(each for each in query.split("&") if each and _worth(each) == 0)
    return f"{address}?{kept}" if kept else address


def _worth(parameter: str) -> int:
    name = unquote_plus(parameter.partition("=")[0])
    if name in CAMPAIGN:
        return len(CAMPAIGN) + 1 - CAMPAIGN.index(name)
    return 1 if name in CLICK_IDS else 0


def _cut(text: str, limit: int) -> str:
    """The first `limit` bytes, less what remains of a character that was cut in two."""
    whole_escapes = re.sub(r"%[0-9A-Fa-f]?\Z", "", text[:limit])
    return _LAST_ESCAPES.sub(_whole_characters, whole_escapes)


_LAST_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+\Z")


def _whole_characters(escapes: re.Match[str]) -> str:
    return quote(unquote_to_bytes(escapes[0]).decode("utf-8", "ignore"), safe="")
