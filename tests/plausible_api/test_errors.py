"""The errors of Plausible's API: what they derive from, and what they carry."""

from __future__ import annotations

import pytest

from footfall.errors import FootfallError
from footfall.plausible_api import (
    APIError,
    AuthorizationError,
    NotFoundError,
    PlanError,
    RateLimitError,
    RequestError,
    ServerError,
)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (AuthorizationError, PermissionError),
        (NotFoundError, LookupError),
        (RequestError, ValueError),
        (ServerError, OSError),
        (PlanError, Exception),
        (RateLimitError, Exception),
    ],
)
def test_an_error_is_also_the_builtin_that_it_specialises(
    kind: type[APIError], builtin: type[Exception]
) -> None:
    assert issubclass(kind, APIError)
    assert issubclass(kind, FootfallError)
    assert issubclass(kind, builtin)


def test_an_error_carries_the_status_and_the_servers_message() -> None:
    error = ServerError("it failed", status=503, said="busy")
    assert (str(error), error.status, error.said) == ("it failed", 503, "busy")


def test_an_error_without_a_response_has_no_status_and_no_message() -> None:
    error = RateLimitError("too many", retry_after=7.0)
    assert (error.status, error.said, error.retry_after) == (None, "", 7.0)
