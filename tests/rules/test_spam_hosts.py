"""The list of hosts, as the tool writes it."""

from __future__ import annotations

import re

from footfall.rules.spam_hosts import SPAM_HOSTS


def test_each_is_a_host_in_lower_case() -> None:
    host = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

    assert [each for each in SPAM_HOSTS if not host.fullmatch(each)] == []
    assert len(SPAM_HOSTS) > 2_000
