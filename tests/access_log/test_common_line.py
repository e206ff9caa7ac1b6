"""The common and combined formats."""

from __future__ import annotations

from tests.access_log.support import COMBINED, FIREFOX, parsed


def test_text_is_that_which_a_wsgi_app_sees() -> None:
    # nginx escapes bytes in a combined line and leaves them in JSON; both arrive as latin-1.
    agent = r"Mozilla/5.0 \x22quoted\x22 caf\xC3\xA9"
    assert parsed("combined", COMBINED.replace(FIREFOX, agent)).headers["user-agent"] == (
        'Mozilla/5.0 "quoted" cafÃ©'
    )
    agent = r"Apache \"quoted\" \\"
    assert parsed("combined", COMBINED.replace(FIREFOX, agent)).headers["user-agent"] == (
        'Apache "quoted" \\'
    )


def test_the_address_of_a_proxy_comes_with_what_it_forwards() -> None:
    line = parsed("combined", f'{COMBINED} "198.51.100.7, 10.0.0.1"')
    assert line.headers["x-forwarded-for"] == "198.51.100.7, 10.0.0.1"


def test_a_common_line_has_no_user_agent() -> None:
    line = parsed("common", COMBINED.partition(' "https://')[0])
    assert (line.peer, line.headers) == ("203.0.113.9", {})
