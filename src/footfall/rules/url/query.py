"""Which parameters of a query are kept: the campaign, and those of `keep_query`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote, unquote_plus

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS
from footfall.rules.url.text import CACHE_SIZE

KeepQuery: TypeAlias = frozenset[str] | Literal["*"]

_MAX_QUERY: Final = 8_192
# Ten times as many as a landing page has.
_MAX_PARAMETERS: Final = 256
# Longer than any campaign's name, and too short for a token or free text.
_MAX_VALUE: Final = 100

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

# Matched anywhere in a name. `author` is no secret, `authorization` is.
CREDENTIAL: Final = re.compile(r"token|secret|passw|session|sessid|signature|auth(?!or(?!i[sz]))")


def public_query(query: str, keep: KeepQuery) -> str:
    """The parameters that are kept, with a question mark, in their order and encoding; or empty."""
    public = [_public_parameter(each, keep) for each in _parameters(query)]
    kept = "&".join(filter(None, public))
    return "?" + kept if kept else ""


def _public_parameter(parameter: str, keep: KeepQuery) -> str:
    # A campaign brings many visitors with equal parameters. Others may be keys and are not cached.
    is_short = len(parameter) <= _MAX_VALUE and parameter.startswith(_CAMPAIGN_PREFIXES)
    return (_cached_parameter if is_short else _encoded_parameter)(parameter, keep)


def _encoded_parameter(parameter: str, keep: KeepQuery) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), _kept_part(parameter, keep))


_CAMPAIGN_PREFIXES: Final = tuple(f"{name}=" for name in CAMPAIGN)
_cached_parameter = lru_cache(maxsize=CACHE_SIZE)(_encoded_parameter)


# What browsers encode in a query (WHATWG URL, special-query percent-encode set); no `%`.
_UNSAFE: Final = re.compile(r"[^!$-&(-;=?-~]")


def _parameters(query: str) -> list[str]:
    parameters = query[:_MAX_QUERY].split("&", _MAX_PARAMETERS)
    is_cut = len(query) >= _MAX_QUERY or len(parameters) > _MAX_PARAMETERS
    return parameters[:-1] if is_cut else parameters


def _kept_part(parameter: str, keep: KeepQuery) -> str:
    """The part of a parameter that is kept: all, its name, or nothing."""
    name, _, value = parameter.partition("=")
    plain = unquote_plus(name)
    if plain in CAMPAIGN:
        is_short = len(unquote_plus(value)) <= _MAX_VALUE
        return parameter if is_short and not _has_address(value) else ""
    if keep != "*" and plain in keep:
        return parameter
    if plain in CLICK_IDS:
        return f"{name}=1" if value else parameter
    is_wanted = keep == "*" and not may_hold_secret(name) and not _has_address(value)
    return parameter if is_wanted else ""


def _has_address(value: str) -> bool:
    # Some links in mails are encoded twice.
    return "@" in (text := unquote(unquote_plus(value))) and bool(_ADDRESS.search(text))


_ADDRESS: Final = re.compile(r"@[^\s@]+\.[^\s@]")


def may_hold_secret(name: str) -> bool:
    """True if the value of a parameter of this name may be a secret or personal."""
    plain = normalised_name(name)
    if CREDENTIAL.search(plain):
        return True
    # `user[email]` and `user.email` have two parts each.
    return any(part in _SECRETS for part in re.split(r"[\[\].]+", plain))


def normalised_name(name: str) -> str:
    """A name in the spelling of the tables of secrets."""
    return unquote(unquote_plus(name)).strip().lower().replace("-", "_")
