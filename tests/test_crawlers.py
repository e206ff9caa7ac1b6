"""The community's list of crawlers, beside the own filter."""

from __future__ import annotations

import crawleruseragents
import pytest

from footfall import crawlers
from footfall.model import Hit
from footfall.rules.pageview import PageviewOptions, decide
from tests.support.adapters import CHROME, NAVIGATION

KNOWN_TO_THE_LIST_ALONE = CHROME + " Sindup/1.0.0"


def hit(user_agent: str) -> Hit:
    headers = {name.lower(): value for name, value in NAVIGATION.items()}
    return Hit(
        host="example.com",
        headers={**headers, "user-agent": user_agent},
        response_headers={"content-type": "text/html"},
    )


@pytest.mark.parametrize(
    ("user_agent", "own", "with_list"),
    [
        (CHROME, "navigation", "navigation"),
        (KNOWN_TO_THE_LIST_ALONE, "navigation", "bot"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "bot", "bot"),
        ("kube-probe/1.31", "bot", "bot"),
        ("", "no_user_agent", "no_user_agent"),
        (CHROME + "x" * 100_000, "navigation", "navigation"),
    ],
    ids=["a person", "the list's", "both's", "ours", "nobody", "endless"],
)
def test_what_either_knows_is_a_bot(user_agent: str, own: str, with_list: str) -> None:
    assert decide(hit(user_agent)).reason == own
    assert decide(hit(user_agent), PageviewOptions(is_bot=crawlers.is_bot)).reason == with_list


def test_the_list_says_nothing_of_a_person() -> None:
    assert crawlers.is_bot(hit(CHROME)) is None
    assert crawlers.is_bot(Hit()) is None
    assert crawlers.is_bot(hit(KNOWN_TO_THE_LIST_ALONE)) is True


@pytest.mark.parametrize(
    "device",
    ["X2 Build/AP3A.240617.008; wv", "ViewSonic V9", "HTC Butterfly 3", "Cherry Sonic", "Fever 2"],
)
def test_a_phones_name_convicts_nobody(device: str) -> None:
    phone = f"Mozilla/5.0 (Linux; Android 15; {device}) AppleWebKit/537.36 (KHTML, like Gecko)"

    assert crawlers.is_bot(hit(phone)) is None


@pytest.mark.parametrize("app", ["MetaIAB Facebook", "SogouMobileBrowser/6.0", "Viber", "Code/1.9"])
def test_an_apps_browser_convicts_nobody(app: str) -> None:
    assert crawlers.is_bot(hit(f"{CHROME} {app}")) is None


def test_the_patterns_that_are_left_out_can_be_asked_for() -> None:
    dropped = crawlers.dropped_patterns()

    assert {"MetaIAB Facebook", "Butterfly", "Sonic"} <= set(dropped)
    assert len(dropped) < len(crawleruseragents.CRAWLER_USER_AGENTS_DATA) / 20
