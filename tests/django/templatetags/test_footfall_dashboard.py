"""The tag with the address of the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Engine
from django.test.utils import override_settings
from django.urls import set_script_prefix

from tests.dashboard.support import options
from tests.support.adapters import set_up_django

LINK = "{% load footfall_dashboard %}<{% footfall_dashboard %}>"


@pytest.mark.parametrize(("given", "shown"), [({}, "</shop/stats/>"), ({"dashboard": None}, "<>")])
def test_the_address_is_that_of_the_settings(
    tmp_path: Path, given: dict[str, Any], shown: str
) -> None:
    set_up_django()
    library = "footfall.django.templatetags.footfall_dashboard"
    engine = Engine(libraries={"footfall_dashboard": library})
    set_script_prefix("/shop/")
    try:
        with override_settings(FOOTFALL=options(tmp_path, **given)):
            assert engine.from_string(LINK).render(Context()) == shown
    finally:
        set_script_prefix("/")
