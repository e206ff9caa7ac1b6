"""The errors of Plausible's API, by who can remedy them.

APIError (FootfallError)
├── AuthorizationError (PermissionError)  site owner: no key, a wrong one, or one of the other kind
├── PlanError                             site owner: the plan does not include this API
├── NotFoundError (LookupError)           caller: no such site, goal or endpoint
├── RequestError (ValueError)             caller: the server refused the request itself
├── RateLimitError                        caller, by waiting: more requests than an hour allows
└── ServerError (OSError)                 server: no response, or none that can be used
"""

from __future__ import annotations

from footfall.errors import FootfallError


class APIError(FootfallError):
    """Base of every error that a call of `PlausibleAPI` raises.

    Attributes:
        status: The HTTP status, None where no response came.
        said: The server's message in one line, empty where it sent none.
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
    """404: no such site or goal, or none that this key may see. 404 or 406: no such endpoint."""


class RequestError(APIError, ValueError):
    """Any other 4xx, or a redirect: the request will not succeed as it is."""


class ServerError(APIError, OSError):
    """No response, a 5xx, or a response that is not this API's."""


class RateLimitError(APIError):
    """More requests than an hour allows, by the server's count (429) or by the client's own.

    Attributes:
        retry_after: Seconds until the next request is allowed, None where they are unknown.
    """

    def __init__(
        self, message: str, *, retry_after: float | None, status: int | None = None, said: str = ""
    ) -> None:
        super().__init__(message, status=status, said=said)
        self.retry_after = retry_after
