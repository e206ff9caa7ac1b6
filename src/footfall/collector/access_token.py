"""The tokens in `Authorization: Bearer`, cookies and addresses, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

__all__ = [
    "COOKIE_NAME",
    "COOKIE_SECONDS",
    "SHARED_PATH",
    "cookie_value",
    "entry_headers",
    "has_cookie",
    "has_token",
    "is_same",
]

COOKIE_NAME: Final = "footfall_token"
"""The name of the cookie."""

COOKIE_SECONDS: Final = 30 * 86_400
"""A month, before the token must be typed again."""


SHARED_PATH: Final = "/shared/"
"""What the paths of all shared dashboards begin with. The rest of the address is the secret."""


# More than any page has.
_MAX_FIELDS: Final = 64


def has_token(authorization: str, tokens: Iterable[str]) -> bool:
    """Whether the header's value has one of the tokens, with the scheme in any case."""
    scheme, _, given = authorization.partition(" ")
    # All are compared, so that the time does not tell which one is near.
    found = [is_same(given.strip(), token) for token in tokens]
    return scheme.lower() == "bearer" and any(found)


def is_same(given: str, secret: str) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def entry_headers(
    token: str, *, root: str, path: str, query: str, is_secure: bool
) -> list[tuple[str, str]] | None:
    """The headers of the redirect from `?token=` to the same page, with the token in a cookie
    instead of the address bar; None where the query does not have it.

    Args:
        token: The right one.
        root: The path of the pages as a browser has it.
        path: What follows it.
        query: As it was sent.
        is_secure: Whether the browser came over TLS.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return None
    if not any(name == "token" and is_same(value, token) for name, value in pairs):
        return None
    # Exactly one slash: a path that begins with two names another host.
    location = quote("/" + root.strip("/")).rstrip("/") + "/" + quote(path.lstrip("/"))
    if rest := [pair for pair in pairs if pair[0] != "token"]:
        location += f"?{urlencode(rest)}"
    cookie = (
        f"{COOKIE_NAME}={cookie_value(token)}; Max-Age={COOKIE_SECONDS}; "
        f"Path={quote(root) or '/'}; HttpOnly; SameSite=Lax{'; Secure' if is_secure else ''}"
    )
    return [("location", location), ("set-cookie", cookie)]


def cookie_value(token: str) -> str:
    """The value of the cookie, which does not reveal the token."""
    return hmac.new(token.encode(), b"footfall cookie", hashlib.sha256).hexdigest()


def has_cookie(header: str, token: str) -> bool:
    """Whether one of the cookies in the header `Cookie` is that of the token.

    There may be several of the name: browsers send those of another port of the host, too.
    """
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    wanted = cookie_value(token)
    return any(is_same(value, wanted) for name, _, value in pairs if name == COOKIE_NAME)
