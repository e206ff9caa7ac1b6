"""The cause of a drop that an event itself shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from footfall.destinations import _drop_causes
from tests.destinations.support import PAGEVIEW, VISITOR


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.1.2.3", "private_address"),
        ("127.0.0.1", "private_address"),
        ("fd00::1", "private_address"),
        ("104.16.0.1", "proxy_address"),
        ("203.0.113.7", None),
        ("nobody", None),
        (None, None),
    ],
)
def test_an_address_that_is_no_visitors_is_a_cause(address: str | None, kind: str | None) -> None:
    event = replace(PAGEVIEW, visitor=replace(VISITOR, client_ip=address))
    cause = _drop_causes.address_cause(event)

    assert (cause and cause.kind) == kind
    assert address is None or cause is None or address not in cause.text


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("curl/8.0", "(curl, library)"),
        (
            "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "(GPTBot, ai-training)",
        ),
        (VISITOR.user_agent, None),
        (" ", None),
    ],
)
def test_the_user_agent_of_a_bot_is_a_cause(user_agent: str, words: str | None) -> None:
    event = replace(PAGEVIEW, visitor=replace(VISITOR, user_agent=user_agent))
    cause = _drop_causes.bot_cause(event)

    assert (cause is None) is (words is None)
    assert cause is None or (cause.kind == "bot" and str(words) in cause.text)


@pytest.mark.parametrize(
    ("referrer", "host"),
    [("https://spam.example/a", "spam.example"), ("http://[", None), (None, None)],
)
def test_a_referrer_is_a_cause(referrer: str | None, host: str | None) -> None:
    cause = _drop_causes.referrer_cause(replace(PAGEVIEW, referrer=referrer))

    assert (cause is None) is (host is None)
    assert cause is None or f"its referrer {host} is on" in cause.text


def test_a_site_that_kept_nothing_is_named_with_the_remedy() -> None:
    kind, text = _drop_causes.unknown_site_cause("example.com")

    assert kind == "unknown_site"
    assert text.startswith("it knows no site 'example.com'")
    assert "compare the name" in text
