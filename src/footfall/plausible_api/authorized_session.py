"""Sends requests with one API key; returns the JSON of the response, or raises.

The key goes only to the host in `base_url`: redirects are not followed. Only a request that was
answered 429, which means that the server did nothing, is sent again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

import httpx2

from footfall.common.retry_after import retry_after_seconds
from footfall.plausible_api.bounded_exchange import parsed_json, send
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

KeyKind: TypeAlias = Literal["stats", "sites"]
"""The two kinds of API keys."""

E = TypeVar("E", bound=APIError)

# Enough to act on, too little to flood a terminal.
_MAX_QUOTE_CHARS = 300
# A server that still answers 429 after each wait it asked for will not accept the request.
_MAX_TRIES = 3

# Plausible's status for a path outside its API, where its web pages are, none of which is JSON (its
# router.ex, read 2026-11). The Community Edition, which has no Sites API, sends it for that API.
_NO_ENDPOINT = 406
_REMEDIES: Final[Mapping[KeyKind, str]] = {
    "stats": "check base_url",
    "sites": "the Sites API is Plausible Cloud's, no Community Edition has it",
}
_PLANS: Final[Mapping[KeyKind, str]] = {
    "stats": "the Stats API is part of the Business plan",
    "sites": "the Sites API is part of the Enterprise plan",
}


class AuthorizedSession:
    """Sends requests with one key.

    Args:
        http: A client with the server's base URL; sessions share it.
        kind: Which key it is; error messages depend on it.
        key: The key, or None to send requests without one, as a collector accepts them.
        limit: Counts the requests with this key.
    """

    def __init__(
        self, http: httpx2.Client, *, kind: KeyKind, key: str | None, limit: RateLimit
    ) -> None:
        self.has_key = key is not None
        self._http = http
        self._kind: KeyKind = kind
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._limit = limit

    def __repr__(self) -> str:
        return f"AuthorizedSession({self._kind}, key={'<hidden>' if self.has_key else None})"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        """The parsed JSON of the response.

        Args:
            path: Below the server's base URL.
            query: The parameters; None values in it are not sent.
            body: The fields of the JSON body; None values are not sent.

        Raises:
            APIError: See `errors.py`.
        """
        params, json_body = _present(query), _present(body)
        response = self._send(method, path, params=params, json=json_body)
        for _ in range(_MAX_TRIES - 1):
            if response.status_code != 429:
                break
            self._limit.pause(_limited(response))
            response = self._send(method, path, params=params, json=json_body)
        if not response.is_success:
            raise self._refusal(response)
        try:
            return parsed_json(response)
        except ValueError:
            raise not_this_api(response) from None

    def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        self._limit.take()
        return send(self._http, method, path, headers=self._headers, **content)

    def _refusal(self, response: httpx2.Response) -> APIError:
        status = response.status_code
        if status in (401, 403):
            return error(AuthorizationError, response, self._key_remedy())
        if status == 402:
            return error(PlanError, response, f"the plan does not include it: {_PLANS[self._kind]}")
        if status == 404:
            return error(NotFoundError, response, "check the site's domain, and whose key this is")
        if status == _NO_ENDPOINT:
            meaning = f"this server has no such endpoint; {_REMEDIES[self._kind]}"
            return error(NotFoundError, response, meaning)
        if status == 429:
            return _limited(response)
        if status >= 500:
            return error(ServerError, response, "the server failed; try again later")
        if 300 <= status < 400:
            return error(RequestError, response, "the server redirects; write its final base_url")
        return error(RequestError, response, "the server refuses this request")

    def _key_remedy(self) -> str:
        if not self.has_key:
            return f"no {self._kind}_key was given, and this needs one"
        return f"this needs a valid key of the {self._kind.title()} API, with access to the site"


def not_this_api(response: httpx2.Response) -> ServerError:
    """The error for a response that no Plausible server would send."""
    return error(ServerError, response, "that is not a response of this API; check base_url")


def _present(fields: Mapping[str, object] | None) -> dict[str, object] | None:
    if fields is None:
        return None
    return {name: value for name, value in fields.items() if value is not None}


def error(kind: type[E], response: httpx2.Response, meaning: str) -> E:
    """An error with the request, what its response means, and the server's message."""
    text = _sentence(response, meaning)
    return kind(text, status=response.status_code, said=_server_message(response))


def _limited(response: httpx2.Response) -> RateLimitError:
    seconds = retry_after_seconds(response.headers)
    seconds = None if seconds == math.inf else seconds
    when = "later" if seconds is None else f"in {seconds:.0f} s"
    return RateLimitError(
        _sentence(response, f"too many requests within an hour; try again {when}"),
        retry_after=seconds,
        status=response.status_code,
        said=_server_message(response),
    )


def _sentence(response: httpx2.Response, meaning: str) -> str:
    request, message = response.request, _server_message(response)
    quote = f" (it says: {message})" if message else ""
    return f"{request.method} {request.url.path}: HTTP {response.status_code}: {meaning}{quote}"


def _server_message(response: httpx2.Response) -> str:
    """The message in the body, in one bounded line; empty for web pages and empty bodies."""
    text = response.text[:10_000]
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        message = parsed.get("error") or parsed.get("errors") or parsed.get("message")
        text = message if isinstance(message, str) else json.dumps(message) if message else ""
    line = "" if text.lstrip().startswith("<") else " ".join(text.split())
    return "".join(char for char in line if char.isprintable())[:_MAX_QUOTE_CHARS]
