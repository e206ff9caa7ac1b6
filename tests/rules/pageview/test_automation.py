"""Bots that other headers than the User-Agent declare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.bot_names import Bot
from footfall.rules.pageview.automation import automation_of

TAGGED = 'sig1=("@authority" "signature-agent");created=1735689600;tag="web-bot-auth"'


@pytest.mark.parametrize(
    ("headers", "bot"),
    [
        pytest.param({}, None, id="a browser"),
        pytest.param({"sec-ch-ua": '"Chromium";v="131"'}, None, id="chrome"),
        pytest.param(
            {"sec-ch-ua": '"HeadlessChrome";v="131"'},
            Bot("HeadlessChrome", "headless"),
            id="headless chrome",
        ),
        pytest.param(
            {"signature-agent": '"https://chatgpt.com"', "signature-input": TAGGED},
            Bot("ChatGPT Agent", "ai-assistant"),
            id="known",
        ),
        pytest.param(
            {"signature-agent": 'sig1="https://Agent.Example/keys"'},
            Bot("agent.example", "ai-assistant"),
            id="a dictionary, as in newer drafts",
        ),
        pytest.param(
            {"sec-ch-ua": '"Chromium";v="131";a=1, "HeadlessChrome";b;v="131"'},
            Bot("HeadlessChrome", "headless"),
            id="headless chrome, with parameters",
        ),
        pytest.param(
            {"signature-agent": '"https://chatgpt.com";a="https://b.example"'},
            Bot("ChatGPT Agent", "ai-assistant"),
            id="known, with parameters",
        ),
        pytest.param(
            {"signature-input": TAGGED}, Bot("signed agent", "ai-assistant"), id="no name"
        ),
        pytest.param(
            {"signature-agent": "?1", "signature-input": TAGGED},
            Bot("signed agent", "ai-assistant"),
            id="no host",
        ),
        pytest.param({"signature-agent": " "}, None, id="empty"),
        pytest.param({"signature-input": 's=("@path");tag="other"'}, None, id="another signature"),
    ],
)
def test_a_request_says_that_it_is_automated(headers: dict[str, str], bot: Bot | None) -> None:
    assert automation_of(headers) == bot


@given(st.text(), st.text(), st.text())
def test_any_text_has_an_answer(agent: str, signature: str, brands: str) -> None:
    bot = automation_of(
        {"signature-agent": agent, "signature-input": signature, "sec-ch-ua": brands}
    )

    assert bot is None or len(bot.name) <= 60
