"""The fixture that pytest finds by itself wherever footfall is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from footfall.testing import Outbox


@pytest.fixture
def footfall_outbox() -> Iterator[Outbox]:
    """Every event of the test, oldest first; nothing is sent while it lasts."""
    from footfall.testing import capture

    with capture() as outbox:
        yield outbox
