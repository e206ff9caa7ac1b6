"""The parameters of a campaign are in the order of their importance, and none is a click id."""

from __future__ import annotations

from footfall.rules.url.campaign import CAMPAIGN, CLICK_IDS
from footfall.rules.url.limit import fit


def test_no_parameter_is_both_kept_with_its_value_and_blanked() -> None:
    assert set(CAMPAIGN).isdisjoint(CLICK_IDS)
    assert all(name == name.lower() for name in (*CAMPAIGN, *CLICK_IDS))


def test_the_first_parameter_is_the_last_to_be_removed() -> None:
    url = "https://a.test/?" + "&".join(f"{name}=1" for name in (*CAMPAIGN, *CLICK_IDS))
    left = [fit(url, limit).partition("?")[2] for limit in range(len(url), 0, -1)]
    assert [each for each in left if each.count("=") == 1][-1] == f"{CAMPAIGN[0]}=1"
