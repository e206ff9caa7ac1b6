"""What can go wrong with Plausible's API, named by whose move it is.

APIError (FootfallError)
├── AuthorizationError (PermissionError)  the owner's: no key, a wrong one, or one of the other kind
├── PlanError                             the owner's: the plan does not include this API
├── NotFoundError (LookupError)           the caller's: no such site, goal or endpoint
├── RequestError (ValueError)             the caller's: the request itself was refused
├── RateLimitError                        time's: more requests than an hour allows
└── ServerError (OSError)                 the server's: no answer, or none that can be used
"""

from __future__ import annotations

from footfall.errors import FootfallError


class APIError(FootfallError):
    """Base of everything that a call of `PlausibleAPI` raises.

    `status` is the HTTP status, None where no answer came; `said` what the server said, in one
    line, empty where it said nothing.
    """

    def __init__(self, message: str, *, status: int | None = None, said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.said = said


class AuthorizationError(APIError, PermissionError):
    """401 or 403: no key was sent, it is not valid, or it is of the other kind."""


class PlanError(APIError):
    """402: the account's plan does not include this API."""


class NotFoundError(APIError, LookupError):
    """404: no such site or goal, or it is none of this key's. 404 or 406: no such endpoint."""


class RequestError(APIError, ValueError):
    """Any other 4xx, or a redirect: the request will not succeed as it is."""


class ServerError(APIError, OSError):
    """No answer, a 5xx, or an answer that is not this API's."""


class RateLimitError(APIError):
    """More requests than an hour allows, by the server's count (429) or by our own.

    `retry_after` is the wait in seconds until there is room, None where nobody knows.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None,
        status: int | None = None,
        said: str = "",
    ) -> None:
        super().__init__(message, status=status, said=said)
        self.retry_after = retry_after
