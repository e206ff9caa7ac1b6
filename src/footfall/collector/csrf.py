"""The check against cross-site request forgery: a page of another site may change nothing here."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

__all__ = ["is_forged"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_forged(request: Request) -> bool:
    """Whether a browser sent this for a page of another origin, with a method that may change data.

    Programs send neither `Sec-Fetch-Site` nor `Origin`, and pass. Where a browser sends the first,
    it decides alone, as in Go's `CrossOriginProtection`: a proxy may have changed the Host.
    """
    if request.method in _SAFE_METHODS:
        return False
    if site := request.headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    except ValueError:  # no URL, as in `http://[`
        return True
