"""A. What the request alone shows: bots, hosts, exclusions, objections."""

from __future__ import annotations

import pytest

from footfall.model import Hit
from footfall.rules.pageview import BOT_VISIT, PageviewOptions, decide
from tests.rules.bots import BOTS
from tests.rules.pageview.hits import GPTBOT, Row, requested, summary
from tests.rules.pageview.tables import rows_of
from tests.support.header_sets import CHROME, chromium

TABLE = rows_of("owner", "host")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_an_exchange_counts_for_what_it_is(row: Row) -> None:
    assert summary(decide(row.hit, row.options)) == row.expected


@pytest.mark.parametrize(
    "user_agent",
    [pytest.param(text, id=name) for bots in BOTS.values() for name, text in bots.items()],
)
def test_a_bot_is_skipped_even_behind_a_browsers_headers(user_agent: str) -> None:
    assert summary(decide(requested(chromium(user_agent)))) == "skip bot"
    assert summary(decide(requested({"user-agent": user_agent, "accept": "*/*"}))) == "skip bot"


def test_a_bots_visit_carries_its_name_and_class() -> None:
    decision = decide(requested(GPTBOT), PageviewOptions(bots="event"))

    assert (decision.name, decision.props) == (BOT_VISIT, {"bot": "GPTBot", "class": "ai-training"})


@pytest.mark.parametrize(
    ("user_agent", "answer", "props"),
    [
        pytest.param(
            GPTBOT["user-agent"], "Ours", {"bot": "Ours", "class": "ai-training"}, id="renamed"
        ),
        pytest.param(CHROME, "Ours", {"bot": "Ours", "class": "other"}, id="named"),
        pytest.param(CHROME, True, {"bot": "unnamed", "class": "other"}, id="only a yes"),
        pytest.param("curl/8.1", True, {"bot": "curl", "class": "library"}, id="a yes we know"),
        pytest.param(CHROME, "x" * 500, {"bot": "x" * 80, "class": "other"}, id="too long"),
    ],
)
def test_the_site_owners_function_names_the_bot(
    user_agent: str, answer: bool | str, props: dict[str, str]
) -> None:
    options = PageviewOptions(bots="event", is_bot=lambda _: answer)

    assert decide(requested(chromium(user_agent)), options).props == props


def test_the_site_owners_function_gets_the_hit() -> None:
    seen: list[Hit] = []
    hit = requested(chromium())

    decide(hit, PageviewOptions(is_bot=seen.append))

    assert seen == [hit]
