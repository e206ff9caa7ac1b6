"""Vendors that the programs of these tests send to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import vendors
from tests.support.vendors import Vendor, vendor


@pytest.fixture
def good() -> Iterator[Vendor]:
    with vendor(vendors.answering(vendors.answer())) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[Vendor]:
    with vendor(vendors.hanging) as server:
        yield server
