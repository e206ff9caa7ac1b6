"""The currency codes."""

from __future__ import annotations

import pytest

from footfall.collector.wire.currencies import CURRENCIES
from tests.collector.wire.support import accepted_event


def test_each_code_has_three_capital_letters() -> None:
    assert len(CURRENCIES) > 170
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES)


@pytest.mark.parametrize(
    ("currency", "kept"), [("usd", "USD"), ("XCG", "XCG"), ("XYZ", None), ("", None)]
)
def test_revenue_in_no_currency_is_ignored(currency: str, kept: str | None) -> None:
    money = {"amount": "1", "currency": currency}
    event = accepted_event({"url": "https://a.test/", "revenue": money})
    assert event.revenue == ((kept, "1") if kept else None)
