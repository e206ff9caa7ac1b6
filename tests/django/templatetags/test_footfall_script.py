"""The tag with the complement's script."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Engine
from django.test.utils import override_settings
from django.urls import set_script_prefix

from footfall.complement.script_file import script_file
from tests.complement.support import OPTIONS
from tests.support.adapters import set_up_django

PAGE = "{% load footfall_script %}{% footfall_script nonce=nonce %}"
TAG = f'<script defer src="/shop/_stats/{script_file().name}" nonce="a&lt;b"></script>'


@pytest.mark.parametrize(("given", "shown"), [({}, TAG), ({"complement": None}, "")])
def test_the_tag_is_that_of_the_settings(given: dict[str, Any], shown: str) -> None:
    set_up_django()
    library = "footfall.django.templatetags.footfall_script"
    engine = Engine(libraries={"footfall_script": library})
    set_script_prefix("/shop/")
    try:
        with override_settings(FOOTFALL={**OPTIONS, **given}):
            assert engine.from_string(PAGE).render(Context({"nonce": "a<b"})) == shown
    finally:
        set_script_prefix("/")
