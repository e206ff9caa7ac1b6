"""One key's line to the server: sends a request, gives the JSON of the answer, or raises.

The key goes to the host that the owner wrote down and nowhere else: redirects are not followed.
Nothing is sent twice by itself, except after a 429, which says that nothing was done.
"""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

import httpx2

from footfall.plausible_api.errors import (
    APIError,
    AuthorizationError,
    NotFoundError,
    PlanError,
    RateLimitError,
    RequestError,
    ServerError,
)
from footfall.plausible_api.rate_limit import RateLimit

Kind: TypeAlias = Literal["stats", "sites"]
"""The two kinds of keys."""

E = TypeVar("E", bound=APIError)

# Enough to act on, too little to flood a terminal.
_MAX_QUOTE_CHARS = 300
# Refused more often than this, after each wait it asked for, the server will not have us at all.
_MAX_REFUSALS = 3

# What a Plausible answers where its API ends: its web pages begin there, and none of them is JSON.
# Read in its router.ex, 2026-11. The Community Edition, which has no Sites API, answers that so.
_NO_ENDPOINT = 406
_PLACES: Final[Mapping[Kind, str]] = {
    "stats": "check base_url",
    "sites": "the Sites API is Plausible Cloud's, no Community Edition has it",
}
_PLANS: Final[Mapping[Kind, str]] = {
    "stats": "the Stats API is part of the Business plan",
    "sites": "the Sites API is part of the Enterprise plan",
}


class Line:
    """Asks in the name of one key; `kind` says which of the two it is."""

    def __init__(
        self, http: httpx2.Client, *, kind: Kind, key: str | None, limit: RateLimit
    ) -> None:
        self.has_key = key is not None
        self._http = http
        self._kind: Kind = kind
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._limit = limit

    def __repr__(self) -> str:
        return f"Line({self._kind}, key={'<hidden>' if self.has_key else None})"

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        """The JSON of the answer. What is None in `query` or `body` is not sent.

        Raises:
            APIError: See `errors.py`.
        """
        answer = self._send(method, path, _present(query), _present(body))
        for _ in range(_MAX_REFUSALS - 1):
            if answer.status_code != 429:
                break
            self._limit.pause(_limited(answer))
            answer = self._send(method, path, _present(query), _present(body))
        return self._read(answer)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> httpx2.Response:
        self._limit.take()
        return send(self._http, method, path, params=query, json=body, headers=self._headers)

    def _read(self, answer: httpx2.Response) -> Any:
        if not answer.is_success:
            raise self._refusal(answer)
        try:
            return answer.json()
        except ValueError:
            raise not_this_api(answer) from None

    def _refusal(self, answer: httpx2.Response) -> APIError:
        status = answer.status_code
        if status in (401, 403):
            return error(AuthorizationError, answer, self._key_remedy())
        if status == 402:
            return error(PlanError, answer, f"the plan does not include it: {_PLANS[self._kind]}")
        if status == 404:
            return error(NotFoundError, answer, "check the site's domain, and whose key this is")
        if status == _NO_ENDPOINT:
            meaning = f"this server has no such endpoint; {_PLACES[self._kind]}"
            return error(NotFoundError, answer, meaning)
        if status == 429:
            return _limited(answer)
        if status >= 500:
            return error(ServerError, answer, "the server failed; try again later")
        if 300 <= status < 400:
            return error(RequestError, answer, "the server redirects; write its final base_url")
        return error(RequestError, answer, "the server refuses this request")

    def _key_remedy(self) -> str:
        if not self.has_key:
            return f"no {self._kind}_key was given, and this needs one"
        return f"this needs a valid key of the {self._kind.title()} API, with access to the site"


def send(http: httpx2.Client, method: str, path: str, **options: Any) -> httpx2.Response:
    """The server's answer, whatever it is.

    Raises:
        ServerError: There was none.
    """
    try:
        return http.request(method, path, **options)
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise ServerError(f"{method} {path}: {http.base_url} does not answer ({reason})") from error


def not_this_api(answer: httpx2.Response) -> ServerError:
    """The error for an answer that no Plausible would give."""
    return error(ServerError, answer, "that is no answer of this API; check base_url")


def _present(fields: Mapping[str, object] | None) -> dict[str, object] | None:
    if fields is None:
        return None
    return {name: value for name, value in fields.items() if value is not None}


def error(kind: type[E], answer: httpx2.Response, meaning: str) -> E:
    """The error for an answer: what was asked, what it means, what the server said."""
    return kind(_sentence(answer, meaning), status=answer.status_code, said=_said(answer))


def _limited(answer: httpx2.Response) -> RateLimitError:
    seconds = _retry_after(answer)
    when = "later" if seconds is None else f"in {seconds:.0f} s"
    return RateLimitError(
        _sentence(answer, f"too many requests within an hour; try again {when}"),
        retry_after=seconds,
        status=answer.status_code,
        said=_said(answer),
    )


def _sentence(answer: httpx2.Response, meaning: str) -> str:
    request, said = answer.request, _said(answer)
    quote = f" (it says: {said})" if said else ""
    return f"{request.method} {request.url.path}: HTTP {answer.status_code}: {meaning}{quote}"


def _said(answer: httpx2.Response) -> str:
    """The server's own words, in one bounded line; empty for web pages and silence."""
    text = answer.text[:10_000]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        found = found.get("error") or found.get("errors") or found.get("message")
        text = found if isinstance(found, str) else json.dumps(found) if found else ""
    words = "" if text.lstrip().startswith("<") else " ".join(text.split())
    return "".join(char for char in words if char.isprintable())[:_MAX_QUOTE_CHARS]


def _retry_after(answer: httpx2.Response) -> float | None:
    """The wait that the server asks for, in seconds or as a date; None where it asks for none."""
    wish = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(wish)
    except ValueError:
        seconds = _seconds_until(wish, answer.headers.get("date", ""))
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(then: str, now: str) -> float:
    # Measured from the answer's own date, so that no clock of ours is needed.
    try:
        moments = [email.utils.parsedate_to_datetime(each) for each in (then, now)]
        return (moments[0] - moments[1]).total_seconds()
    except (TypeError, ValueError):
        return math.nan
