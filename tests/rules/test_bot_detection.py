"""Bots by name and class, and browsers whose User-Agent resembles a bot's."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footfall.rules.bot_detection import NO_USER_AGENT, Bot, Kind, classify
from tests.rules.bots import BOTS, PEOPLE, UNKNOWN_BOTS
from tests.support.header_sets import BROWSERS, CHROME

KINDS = get_args(Kind)
ALL_PEOPLE = {**BROWSERS, **PEOPLE}


@pytest.mark.parametrize("user_agent", ALL_PEOPLE.values(), ids=ALL_PEOPLE)
def test_a_persons_browser_is_no_bot(user_agent: str) -> None:
    assert classify(user_agent) is None


@pytest.mark.parametrize(
    ("user_agent", "bot"),
    [
        pytest.param(user_agent, Bot(name, kind), id=name)
        for kind, bots in BOTS.items()
        for name, user_agent in bots.items()
    ],
)
def test_a_known_bot_has_its_name_and_class(user_agent: str, bot: Bot) -> None:
    assert classify(user_agent) == bot


@pytest.mark.parametrize(("user_agent", "bot"), UNKNOWN_BOTS.values(), ids=UNKNOWN_BOTS)
def test_an_unknown_bot_is_named_by_its_user_agent(user_agent: str, bot: Bot) -> None:
    assert classify(user_agent) == bot


@pytest.mark.parametrize("user_agent", ["", " ", "\t\r\n", "()", ";/;", '"'])
def test_a_string_without_a_word_is_no_user_agent(user_agent: str) -> None:
    assert classify(user_agent) == NO_USER_AGENT


def test_every_class_of_bot_is_in_the_table() -> None:
    assert set(BOTS) == set(KINDS)


@pytest.mark.parametrize(
    "contact",
    ["http://example.com", "https://example.com", "www.example.com", "ops@example.com"],
)
def test_people_leave_no_contact(contact: str) -> None:
    assert classify(f"{CHROME} ({contact})") == Bot("Mozilla", "other")


@pytest.mark.parametrize("version", ["ios@9.2.3", "android@131.0.6778", "@", "a@b", "a@b."])
def test_a_version_is_no_contact(version: str) -> None:
    assert classify(f"{CHROME} ({version})") is None


def test_case_does_not_matter() -> None:
    assert classify("CURL/8.0") == classify("curl/8.0")
    assert classify(CHROME.upper()) is None


@pytest.mark.parametrize("app", ["WhatsApp", "Pinterest", "Viber", "Feedly", "Overcast", "node"])
def test_an_apps_browser_is_not_its_bot(app: str) -> None:
    assert classify(f"{CHROME} {app}/1.0") is None


def test_only_the_first_thousand_characters_are_read() -> None:
    padded = CHROME.ljust(1_000)
    assert classify(f"{padded} Googlebot/2.1") is None
    assert classify(f"{padded[:-20]} Googlebot/2.1") == Bot("Googlebot", "search")


TEXTS = st.text() | st.text(alphabet="Mozilabtcrwspdeh5.0/ ();@:\ud800é")


@given(TEXTS | TEXTS.map(lambda text: f"Mozilla/5.0 ({text}"))
@example("\ud800" * 70_000)
@example("compatible;" * 7_000)
@example("-." * 500 + "bot")
def test_any_text_has_an_answer(user_agent: str) -> None:
    bot = classify(user_agent)

    assert classify(user_agent) == bot
    if bot is not None:
        assert bot == NO_USER_AGENT or bot.name
        assert bot.name.isprintable()
        assert len(bot.name) <= 60
        assert bot.kind in KINDS


@given(st.text(alphabet=st.characters(exclude_characters="(")))
def test_without_a_comment_no_string_of_a_script_passes(text: str) -> None:
    assert classify(f"Mozilla/5.0 {text}") is not None


@given(st.sampled_from(sorted(BROWSERS.values())), st.sampled_from(sorted(BOTS["search"])))
def test_no_browser_hides_a_search_bots_name(user_agent: str, name: str) -> None:
    assert classify(f"{user_agent} {name}/1.0") == Bot(name, "search")
