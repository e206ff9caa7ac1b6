"""Which parameters of a query are kept: the campaign, and those of `keep_query`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote, unquote_plus

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS
from footfall.rules.url.secret_text import has_secret
from footfall.rules.url.text import CACHE_SIZE

KeepQuery: TypeAlias = frozenset[str] | Literal["*"]

MAX_QUERY: Final = 8_192
# Ten times as many as a landing page has.
_MAX_PARAMETERS: Final = 256
# The bytes of a whole URL, so that one with a longer value is cut in any case.
_MAX_VALUE: Final = 2_000
# Longer ones are rarely equal, and would fill the cache.
_MAX_CACHED: Final = 100
_MAX_NAME: Final = 200
# Within one value, `a;token=b`.
_MAX_NESTED: Final = 32

# The whole name, in lower case, with underscores for hyphens. Some of these words are harmless as a
# part of another name (`sort_key`, `country_code`).
_SECRET_NAMES: Final = frozenset(
    """
    code state nonce ticket assertion samlresponse relaystate key sig pin sid name first_name
    last_name address card _kx _ke _gl _ga _gac _openstat srsltid epik spm rcm dicbo tblci ef_id
    dm_i s_kwcid hsctatracking __s ck_subscriber_id oly_enc_id oly_anon_id mc_eid mc_cid mkt_tok
    sccid rdt_cid sscid awc cjevent cjdata ransiteid wickedid unicorn_click_id igsh igshid li_fat_id
    irgwc rtid gs_l sc_eh trk_contact trk_msg
    """.split()  # noqa: SIM905  # a word a line would fill two pages
)
# One part of the name, between separators and where a capital begins: `otp_code`, `oobCode`.
_SECRET_PARTS: Final = frozenset(
    """
    oob otp pass pwd jwt apikey hmac sha hash saml sesame magic invite invitation reset confirm
    confirmation activation verification csrf xsrf cookie credential credentials cvv cvc iban ssn
    dob birthday birthdate email mail phone tel mobile msisdn firstname lastname fullname surname
    user username userid uid uuid guid login account subscriber recipient contact customer member
    visitor person profile clickid braid bearer sso checksum passport taxid cardnumber unsubscribe
    """.split()  # noqa: SIM905  # likewise
)
# Two parts that are a secret together.
_SECRET_PAIRS: Final = (
    frozenset({"access", "key"}),
    frozenset({"api", "key"}),
    frozenset({"private", "key"}),
    frozenset({"street", "address"}),
    frozenset({"ip", "address"}),
    frozenset({"ip", "addr"}),
    frozenset({"tax", "id"}),
    frozenset({"card", "number"}),
    frozenset({"lead", "id"}),
    frozenset({"first", "name"}),
    frozenset({"last", "name"}),
    frozenset({"full", "name"}),
    frozenset({"click", "id"}),
    frozenset({"client", "id"}),
)
# Families of mail and advertising services, whose values are one person's or one click's.
_SECRET_PREFIXES: Final = (
    *(
        "x_amz_",
        "x_goog_",
        "_hs",
        "__hs",
        "hsa_",
        "bsft_",
        "sfmc_",
        "ml_sub",
        "vero_",
        "elq",
        "oly_",
    ),
    *("trk_sid", "_gcl", "gad_", "_ga_", "_bta_", "sc_uid", "sc_lid", "et_rid", "mkt_", "mc_e"),
)
# `gclid`, `fbclid`, `msclkid`, `ymclid`, `irclickid`.
_SECRET_SUFFIXES: Final = ("clid", "clkid", "clickid", "braid")

# Matched anywhere in a name. `author` is no secret, `authorization` is.
CREDENTIAL: Final = re.compile(r"token|secret|passw|session|sessid|signature|auth(?!or(?!i[sz]))")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def public_query(query: str, keep: KeepQuery) -> str:
    """The parameters that are kept, with a question mark, in their order and encoding; or empty."""
    public = [_public_parameter(each, keep) for each in _parameters(query)]
    kept = "&".join(filter(None, public))
    return "?" + kept if kept else ""


def _public_parameter(parameter: str, keep: KeepQuery) -> str:
    # A campaign brings many visitors with equal parameters. Others may be keys and are not cached.
    is_short = len(parameter) <= _MAX_CACHED and parameter.startswith(_CAMPAIGN_PREFIXES)
    return (_cached_parameter if is_short else _encoded_parameter)(parameter, keep)


def _encoded_parameter(parameter: str, keep: KeepQuery) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), _kept_part(parameter, keep))


_CAMPAIGN_PREFIXES: Final = tuple(f"{name}=" for name in CAMPAIGN)
_cached_parameter = lru_cache(maxsize=CACHE_SIZE)(_encoded_parameter)


# What browsers encode in a query (WHATWG URL, special-query percent-encode set); no `%`.
_UNSAFE: Final = re.compile(r"[^!$-&(-;=?-~]")


def exceeds_limits(query: str) -> bool:
    """True for a query of which the end is not read."""
    return len(query) >= MAX_QUERY or query.count("&") >= _MAX_PARAMETERS


def _parameters(query: str) -> list[str]:
    parameters = query[:MAX_QUERY].split("&", _MAX_PARAMETERS)
    last = parameters[-1].partition("=")[2]
    # Of a longer value the rest is cut in any case.
    is_cut = len(query) >= MAX_QUERY and len(last) <= _MAX_VALUE
    return parameters[:-1] if is_cut or len(parameters) > _MAX_PARAMETERS else parameters


def _kept_part(parameter: str, keep: KeepQuery) -> str:
    """The part of a parameter that is kept: all, its name, or nothing."""
    name, _, value = parameter.partition("=")
    plain = unquote_plus(name)
    if plain in CAMPAIGN:
        public = _public_campaign(value)
        return parameter if public == value else "" if public is None else f"{name}={public}"
    if keep != "*" and plain in keep:
        return parameter
    if plain in CLICK_IDS:
        return f"{name}=1" if value else parameter
    is_wanted = (
        keep == "*"
        and not may_hold_secret(name)
        and not _has_address(value)
        and not has_secret(unquote_plus(value))
    )
    return parameter if is_wanted else ""


def _public_campaign(value: str) -> str | None:
    """The value of a campaign's parameter, or None where it is none."""
    value = value[:_MAX_VALUE]
    if _has_address(value):
        return None
    if ";" in value:
        # Some tools part parameters so: `utm_source=a;token=b`.
        first, *others = value.split(";", _MAX_NESTED)[:_MAX_NESTED]
        kept = [each for each in others if not may_hold_secret(each.partition("=")[0])]
        value = ";".join([first, *kept])
    return None if has_secret(unquote_plus(value)) else value


def _has_address(value: str) -> bool:
    # Some links in mails are encoded twice.
    return "@" in (text := unquote(unquote_plus(value))) and bool(_ADDRESS.search(text))


_ADDRESS: Final = re.compile(r"@[^\s@]+\.[^\s@]")


def may_hold_secret(name: str) -> bool:
    """True if the value of a parameter of this name may be a secret, or one person's or click's."""
    # A longer name is a text of its own, which a vendor would not use.
    if len(name) > _MAX_NAME:
        return True
    # `user[email]` and `user.email` are two names.
    return any(map(_names_secret, re.split(r"[\[\].]+", _decoded(name))))


def _names_secret(name: str) -> bool:
    plain = name.lower()
    if (
        plain in _SECRET_NAMES
        or plain.startswith(_SECRET_PREFIXES)
        or plain.endswith(_SECRET_SUFFIXES)
        or CREDENTIAL.search(plain)
    ):
        return True
    parts = {part.lower() for part in _PARTS.findall(name)} | set(plain.split("_"))
    return not _SECRET_PARTS.isdisjoint(parts) or any(pair <= parts for pair in _SECRET_PAIRS)


def _decoded(name: str) -> str:
    return unquote(unquote_plus(name)).strip().replace("-", "_")


def normalised_name(name: str) -> str:
    """A name in the spelling of the tables of secrets."""
    return _decoded(name).lower()
