"""C. What the response shows: downloads, statuses, content types."""

from __future__ import annotations

import pytest

from footfall.rules.pageview import DOWNLOAD, NOT_FOUND, decide
from tests.rules.pageview.hits import PDF, WITH_404S, Row, responded, summary
from tests.rules.pageview.tables import rows_of

TABLE = rows_of("download", "answer")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_an_exchange_counts_for_what_it_is(row: Row) -> None:
    assert summary(decide(row.hit, row.options)) == row.expected


def test_a_download_carries_its_path() -> None:
    decision = decide(responded(200, PDF, "/files/a.pdf"))

    assert (decision.name, decision.props) == (DOWNLOAD, {"url": "/files/a.pdf"})


def test_a_missing_page_carries_its_path() -> None:
    decision = decide(responded(404, path="/gone"), WITH_404S)

    assert (decision.name, decision.props) == (NOT_FOUND, {"path": "/gone"})
