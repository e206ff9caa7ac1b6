"""With the app installed, commands and task workers can track without the middleware."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.checks import registry
from django.test import override_settings

import footfall
from footfall.django import checks
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE


def set_up(settings: Any) -> None:
    with override_settings(FOOTFALL=settings):
        apps.get_app_config("footfall").ready()


def test_an_event_can_be_tracked_before_any_request(footfall_outbox: Outbox) -> None:
    set_up({"destinations": [PLAUSIBLE]})
    footfall.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert [event.name for event in footfall_outbox] == ["Paid"]


def test_wrong_settings_are_left_to_the_checks() -> None:
    set_up({"bots": "never"})
    with override_settings(FOOTFALL={"bots": "never"}):
        assert [message.id for message in checks.check_options()] == ["footfall.E001"]


@pytest.mark.parametrize("check", [checks.check_options, checks.check_middleware])
def test_the_checks_are_registered(check: Any) -> None:
    assert check in registry.registry.get_checks()
