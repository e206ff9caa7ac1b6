"""What of a query may leave: the campaign, and what the owner keeps."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote, unquote_plus

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS
from footfall.rules.url.text import KNOWN

Keep: TypeAlias = frozenset[str] | Literal["*"]


_MAX_QUERY: Final = 8_192
# No landing page has a tenth of it.
_MAX_PARAMETERS: Final = 256
# Longer than any campaign's name; short enough that no token or free text comes with it.
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

# Anywhere in a name. An `author` is no secret, `authorization` is.
CREDENTIAL: Final = re.compile(r"token|secret|passw|session|sessid|signature|auth(?!or(?!i[sz]))")


def public_query(query: str, keep: Keep) -> str:
    """The query as it may leave, with its question mark, in its own order and encoding."""
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
_known_parameter = lru_cache(maxsize=KNOWN)(_read_parameter)


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
    is_wanted = keep == "*" and not is_denied(name) and not _has_address(value)
    return parameter if is_wanted else ""


def _has_address(value: str) -> bool:
    # Links in mails are at times encoded twice.
    return "@" in (text := unquote(unquote_plus(value))) and bool(_ADDRESS.search(text))


_ADDRESS: Final = re.compile(r"@[^\s@]+\.[^\s@]")


def is_denied(name: str) -> bool:
    """True for the name of a parameter that may hold a secret or a person."""
    plain = plain_name(name)
    if CREDENTIAL.search(plain):
        return True
    # `user[email]` and `user.email` name two things.
    return any(part in _SECRETS for part in re.split(r"[\[\].]+", plain))


def plain_name(name: str) -> str:
    """A name as the tables of secrets spell it."""
    return unquote(unquote_plus(name)).strip().lower().replace("-", "_")
