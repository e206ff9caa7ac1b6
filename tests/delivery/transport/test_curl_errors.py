"""What libcurl's error numbers mean."""

from __future__ import annotations

import pytest

from footfall.delivery.transport import curl_errors
from footfall.errors import Ambiguous, NotSent, TimedOut


@pytest.mark.parametrize(
    ("code", "bytes_sent", "error"),
    [
        *((code, 0, NotSent) for code in (*curl_errors.NEVER_LEFT, *curl_errors.MAY_HAVE_LEFT, 78)),
        *((code, 99, NotSent) for code in curl_errors.NEVER_LEFT),
        *((code, 99, Ambiguous) for code in (*curl_errors.MAY_HAVE_LEFT, 78) if code != 28),
        (28, 99, TimedOut),
    ],
)
def test_an_error_of_libcurl_is_not_sent_only_if_the_request_surely_never_left(
    code: int, bytes_sent: int, error: type[Exception]
) -> None:
    assert type(curl_errors.error_of(code, "", bytes_sent)) is error
    assert str(curl_errors.error_of(code, "its message", bytes_sent)) == "its message"


def test_the_numbers_are_libcurls_own() -> None:
    import pycurl

    named = {
        "E_COULDNT_RESOLVE_PROXY": 5,
        "E_COULDNT_RESOLVE_HOST": 6,
        "E_COULDNT_CONNECT": 7,
        "E_SSL_CONNECT_ERROR": 35,
        "E_PEER_FAILED_VERIFICATION": 60,
        "E_SSL_CACERT_BADFILE": 77,
    }
    assert {name: getattr(pycurl, name) for name in named} == named
    assert set(named.values()) <= set(curl_errors.NEVER_LEFT)
    assert not set(curl_errors.NEVER_LEFT) & set(curl_errors.MAY_HAVE_LEFT)
